export { requests } from "./sync.js";

/**
 * Fetches a request in order to put it on screen; the login page then says that this device has it.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {string} id
 * @param {import("./api.js").Options} [options]
 * @returns {Promise<import("./approval.js").Request>}
 */
export async function open(store, account, id, options = {}) {}

/**
 * Which of its ways an account has to prove an approval, the one that is offered first in front.
 * @param {import("./store.js").Account} account
 * @returns {("assertion" | "pin" | "plain")[]}
 */
export function ways(account) {}

/**
 * How many digits the person has to type, 0 for none.
 * @param {import("./approval.js").Request} request
 */
export function digitsToType(request) {}

/**
 * Whether Approve can stand on the notification itself.
 * @param {import("./store.js").Account} account
 * @param {import("./approval.js").Request} request
 */
export function canApproveByOneTap(account, request) {}

/**
 * Approves. With biometric verification and no PIN given, the person is asked for finger or face; call it from the tap itself.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {import("./approval.js").Request} request as open() gave it
 * @param {{number?: string, pin?: string}} proof
 * @param {import("./api.js").Options} [options]
 * @returns {Promise<{passcode: string, state: string}>}
 * @throws {import("./errors.js").ProtocolError} wrong_number, wrong_passcode, wrong_assertion with triesLeft; or .over
 * @throws {import("./errors.js").CeremonyError}
 */
export async function approve(store, account, request, proof, options = {}) {}

/**
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {string} id
 * @param {import("./api.js").Options} [options]
 * @returns {Promise<{state: string}>}
 */
export async function deny(store, account, id, options = {}) {}

/**
 * "This was not me." Also allowed after a denial.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {string} id
 * @param {import("./api.js").Options} [options]
 * @returns {Promise<{state: string}>}
 */
export async function report(store, account, id, options = {}) {}

/**
 * Tells the server that the person has seen a notice.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {string} id
 */
export async function noticeSeen(store, account, id, options = {}) {}
