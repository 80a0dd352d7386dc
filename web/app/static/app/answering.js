import { toBase64url, fromBase64url, wipe } from "./bytes.js";
import { approvalHash, question } from "./approval.js";
import { Offline, ProtocolError } from "./errors.js";
import { pushPasscode } from "./otp.js";
import { pause } from "./pause.js";
import { openPIN } from "./pin.js";
import { ask } from "./sync.js";
import { getAssertion } from "./webauthn.js";

export { requests } from "./sync.js";

/**
 * @typedef {import("./api.js").Options & {assert?: typeof getAssertion, wait?: typeof pause}} AnswerOptions
 */

/**
 * Fetches a request in order to put it on screen; the login page then says that this device has it.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {string} id
 * @param {import("./api.js").Options} [options]
 * @returns {Promise<import("./approval.js").Request>}
 */
export function open(store, account, id, options = {}) {
	return ask(store, account, "request", { challenge: id }, options);
}

/**
 * Which ways an account has to prove an approval, the one that is offered first in front.
 * @param {import("./store.js").Account} account
 * @returns {("assertion" | "pin" | "plain")[]}
 */
export function ways(account) {
	switch (account.verification) {
		case "biometric":
			return account.pin ? ["assertion", "pin"] : ["assertion"];
		case "pin":
			return ["pin"];
		case "plain":
			return ["plain"];
		default:
			return [];
	}
}

/**
 * How many digits the person has to type, 0 for none.
 * @param {import("./approval.js").Request} request
 */
export function digitsToType(request) {
	return request.same_browser ? 0 : request.match_digits;
}

/**
 * Whether Approve can stand on the notification itself: only where the policy asks for neither number, PIN nor finger.
 * @param {import("./store.js").Account} account
 * @param {import("./approval.js").Request} request
 */
export function canApproveByOneTap(account, request) {
	return account.state === "active" && account.verification === "plain" && request.match_digits === 0;
}

/**
 * Approves. With biometric verification and no PIN given, the person is asked for finger or face; call it from the
 * tap itself.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {import("./approval.js").Request} request as open() gave it
 * @param {{number?: string, pin?: string}} [proof]
 * @param {AnswerOptions} [options]
 * @returns {Promise<{passcode: string, state: string}>}
 * @throws {ProtocolError} wrong_number, wrong_passcode, wrong_assertion with triesLeft; or one that is over
 * @throws {import("./errors.js").CeremonyError} the person said no; nothing was sent
 */
export async function approve(store, account, request, { number = "", pin } = {}, options = {}) {
	const typed = digitsToType(request) === 0 ? "" : number;
	const hash = await approvalHash(request, account, typed, "approve");
	const message = { challenge: request.id, verdict: "approve", hash: toBase64url(hash) };
	if (typed !== "") {
		message.number = typed;
	}
	const way = pin === undefined ? ways(account)[0] : "pin";
	if (!ways(account).includes(way)) {
		throw new TypeError("this account has no such way to approve");
	}
	let key = account.pushSecret;
	if (way === "assertion") {
		message.assertion = await (options.assert ?? getAssertion)(account.credential, hash, { signal: options.signal });
	} else if (way === "pin") {
		key = await pinKey(store, account, request.id, pin ?? "", options);
	}
	message.passcode = await pushPasscode(key, await question(request, account));
	const { state } = await answer(store, account, message, options);
	return { passcode: message.passcode, state };
}

async function pinKey(store, account, challenge, pin, options) {
	const { half } = await ask(store, account, "pin-half", { challenge }, options);
	const bytes = fromBase64url(half);
	try {
		return await openPIN(account.pin, pin, bytes);
	} finally {
		wipe(bytes);
	}
}

/**
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {string} id
 * @param {AnswerOptions} [options]
 * @returns {Promise<{state: string}>}
 */
export function deny(store, account, id, options = {}) {
	return answer(store, account, { challenge: id, verdict: "deny" }, options);
}

/**
 * "This was not me." Also offered after a denial.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {string} id
 * @param {AnswerOptions} [options]
 * @returns {Promise<{state: string}>}
 */
export function report(store, account, id, options = {}) {
	return answer(store, account, { challenge: id, verdict: "report" }, options);
}

/**
 * Sends an answer, and sends it again if it is not known to have arrived: the same verdict from the same device counts
 * once, and is answered as it was the first time.
 */
async function answer(store, account, message, options) {
	const wait = options.wait ?? pause;
	for (let time = 1000; ; time *= 2) {
		try {
			return await ask(store, account, "answer", message, options);
		} catch (error) {
			const lost = error instanceof Offline
				|| (error instanceof ProtocolError && ["unavailable", "replayed"].includes(error.code));
			if (!lost || time > 2000) {
				throw error;
			}
		}
		await wait(time, options.signal);
	}
}

/**
 * Tells the server that the person has seen a notice.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {string} id
 * @param {import("./api.js").Options} [options]
 */
export async function noticeSeen(store, account, id, options = {}) {
	await ask(store, account, "notice-seen", { notice: id }, options);
}
