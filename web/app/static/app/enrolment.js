/**
 * Reads an enrolment link, or the bare token of one.
 * @param {string} text
 * @param {string} publicURL of this server
 * @returns {{token: string}}
 * @throws {import("./errors.js").LinkError}
 */
export function parseLink(text, publicURL) {}

/**
 * What the device offers to prove, given what webauthn.support() said.
 * @param {{webauthn: boolean, platform: boolean}} support
 * @returns {"biometric" | "pin"}
 */
export function wanted(support) {}

/**
 * The step that an unfinished enrolment is at.
 * @param {import("./store.js").Account} account
 * @returns {"credential" | "pin" | "prove" | "confirm" | "done"}
 */
export function step(account) {}

/**
 * Uses up the link. verification_refused leaves it usable.
 * @param {import("./store.js").Store} store
 * @param {{publicURL: string, token: string, name: string, wants: "biometric" | "pin"}} enrolment
 * @param {import("./api.js").Options} [options]
 * @returns {Promise<import("./store.js").Account>}
 * @throws {import("./errors.js").ProtocolError} link_used, link_expired, verification_refused
 * @throws {import("./errors.js").EnrolmentError} "fingerprint": somebody sits in between
 */
export async function begin(store, enrolment, options = {}) {}

/**
 * Registers the WebAuthn credential. Call it from the tap itself. After a CeremonyError it can be called again.
 * @returns {Promise<import("./store.js").Account>}
 */
export async function makeCredential(store, account, options = {}) {}

/**
 * Seals the PIN secret under a new PIN, and computes with the repeated one what prove() will send.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {string} pin
 * @param {string} repeated
 * @returns {Promise<import("./store.js").Account>}
 * @throws {import("./errors.js").EnrolmentError} "pin": not 4 to 12 digits; "pins-differ"
 */
export async function setPIN(store, account, pin, repeated) {}

/**
 * Proves one passcode. The account is then in state "confirm" or "active".
 * @returns {Promise<import("./store.js").Account>}
 */
export async function prove(store, account, options = {}) {}

/**
 * Waits until the person has confirmed in the browser. After "refused" and "expired" the account is removed.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {AbortSignal} [signal] its reason is thrown
 * @returns {Promise<"active" | "refused" | "expired">}
 */
export async function waitForConfirmation(store, account, signal, options = {}) {}
