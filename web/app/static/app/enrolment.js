import * as api from "./api.js";
import { fromBase64url, wipe } from "./bytes.js";
import { EnrolmentError, ProtocolError } from "./errors.js";
import { createKey, fingerprint, importSecret, publicJWK } from "./keys.js";
import { pushPasscode } from "./otp.js";
import { openPIN, sealPIN, validPIN } from "./pin.js";
import { ask, keep } from "./sync.js";
import { createCredential } from "./webauthn.js";

export { parseLink } from "./link.js";
export { waitForConfirmation } from "./confirmation.js";

/**
 * @typedef {import("./api.js").Options & {create?: typeof createCredential}} EnrolOptions
 */

/**
 * What the device offers to prove, given what webauthn.support() said.
 * @param {{webauthn: boolean, platform: boolean}} support
 * @returns {"biometric" | "pin"}
 */
export function wanted(support) {
	return support.webauthn && support.platform ? "biometric" : "pin";
}

/**
 * The step that an unfinished enrolment is at, whatever was closed or reloaded in between.
 * @param {import("./store.js").Account} account
 * @returns {"credential" | "pin" | "prove" | "confirm" | "done"}
 */
export function step(account) {
	switch (account.state) {
		case "credential":
			return "credential";
		case "prove":
			return account.pending?.pin ? "pin" : "prove";
		case "confirm":
			return "confirm";
		default:
			return "done";
	}
}

/**
 * Uses up the link and keeps what the server hands out, which it does once.
 * @param {import("./store.js").Store} store
 * @param {{publicURL: string, token: string, name: string, wants: "biometric" | "pin"}} enrolment
 * @param {EnrolOptions} [options]
 * @returns {Promise<import("./store.js").Account>}
 * @throws {ProtocolError} link_used, link_expired; verification_refused, which leaves the link usable
 * @throws {EnrolmentError} "fingerprint": the server saw another key, somebody sits in between; "incomplete"
 */
export async function begin(store, { publicURL, token, name, wants }, options = {}) {
	const key = await createKey();
	const publicJwk = await publicJWK(key);
	let offset = 0;
	const learned = (changes) => {
		offset = changes.offset;
	};
	const begun = await api.begin(publicURL, key, { token, name, kind: "web", wants }, { ...options, learned });
	const own = await fingerprint(publicJwk);
	if (begun.fingerprint !== own) {
		throw new EnrolmentError("fingerprint");
	}
	const secrets = await takeSecrets(begun);
	const biometric = begun.verification === "biometric";
	return store.put({
		deviceId: begun.device_id, issuer: begun.issuer, publicURL,
		account: { id: begun.account.id, name: begun.account.name, displayName: begun.account.display_name ?? "" },
		name, verification: begun.verification, matchDigits: begun.match_digits,
		key, publicJwk, fingerprint: own, ...secrets, pin: null, credential: null,
		state: biometric ? "credential" : "prove",
		pushKey: begun.push_key ?? null, channel: null, reported: "", offset, createdAt: new Date().toISOString(),
		pending: {
			question: fromBase64url(begun.question),
			creation: biometric ? begun.credential : null,
			pin: begun.pin_secret
				? {
					secret: fromBase64url(begun.pin_secret), salt: fromBase64url(begun.pin_salt),
					half: fromBase64url(begun.pin_half), iterations: begun.pin_iterations ?? 0,
				}
				: null,
			confirmURL: begun.confirm_url ?? null,
		},
	});
}

async function takeSecrets(begun) {
	const complete = begun.device_id && begun.issuer && begun.account?.id && begun.question
		&& ["plain", "pin", "biometric"].includes(begun.verification)
		&& (begun.verification !== "pin" || begun.pin_secret) && (begun.verification !== "biometric" || begun.credential);
	const push = fromBase64url(begun.push_secret ?? "");
	const typed = fromBase64url(begun.typed_secret ?? "");
	if (!complete || push.length < 32 || typed.length < 32) {
		throw new EnrolmentError("incomplete");
	}
	const secrets = { pushSecret: await importSecret(push), typedSecret: await importSecret(typed) };
	wipe(push, typed);
	return secrets;
}

/**
 * Registers the WebAuthn credential. Call it from the tap itself. After a CeremonyError or when the server was not
 * reached it can be called again; what the person has confirmed once is then not asked for again.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {EnrolOptions} [options]
 * @returns {Promise<import("./store.js").Account>}
 */
export async function makeCredential(store, account, options = {}) {
	let made = account.pending.made;
	if (!made) {
		made = await (options.create ?? createCredential)(account.pending.creation, { signal: options.signal });
		await keep(store, account, { pending: { ...account.pending, made } });
	}
	const { json, ...credential } = made;
	const { creation, made: _, ...pending } = account.pending;
	try {
		await ask(store, account, "enrol/credential", { credential: json }, options);
	} catch (error) {
		if (error instanceof ProtocolError && error.code === "wrong_assertion") {
			await keep(store, account, { pending: { ...pending, creation } });
			throw error;
		}
		await unlessDone(store, account, error, ["prove", "confirm", "active"], options);
	}
	return keep(store, account, { credential, state: "prove", pending });
}

/**
 * Seals the PIN secret under a new PIN, and computes with the repeated one what prove() will send. After that nothing
 * that could test a PIN is left here.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {string} pin
 * @param {string} repeated
 * @returns {Promise<import("./store.js").Account>}
 * @throws {EnrolmentError} "pin": not 4 to 12 digits; "pins-differ"
 */
export async function setPIN(store, account, pin, repeated) {
	if (!validPIN(pin)) {
		throw new EnrolmentError("pin");
	}
	if (pin !== repeated) {
		throw new EnrolmentError("pins-differ");
	}
	const { pin: given, ...pending } = account.pending;
	const seal = await sealPIN(given.secret.slice(), pin, given.salt, given.half, given.iterations);
	const passcode = await pushPasscode(await openPIN(seal, repeated, given.half), pending.question);
	wipe(given.secret, given.half);
	return keep(store, account, { pin: seal, pending: { ...pending, pin: null, pinPasscode: passcode } });
}

/**
 * Proves one passcode of each path. The account is then in state "confirm" or "active".
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {EnrolOptions} [options]
 * @returns {Promise<import("./store.js").Account>}
 */
export async function prove(store, account, options = {}) {
	const { question, pinPasscode, confirmURL } = account.pending;
	const message = {};
	if (account.verification === "pin") {
		message.passcode = pinPasscode;
	} else {
		message.passcode = await pushPasscode(account.pushSecret, question);
		if (pinPasscode) {
			message.pin_passcode = pinPasscode;
		}
	}
	let status;
	try {
		status = await ask(store, account, "enrol/prove", message, options);
	} catch (error) {
		if (error instanceof ProtocolError && error.code === "wrong_passcode") {
			throw error;
		}
		status = await unlessDone(store, account, error, ["confirm", "active"], options);
	}
	const active = status.state === "active";
	return keep(store, account, { state: active ? "active" : "confirm", pending: active ? null : { confirmURL } });
}

// A step whose answer was lost is done all the same, and the server refuses it the second time.
async function unlessDone(store, account, error, states, options) {
	if (!(error instanceof ProtocolError)) {
		throw error;
	}
	const status = await ask(store, account, "enrol/status", {}, options).catch(() => null);
	if (!states.includes(status?.state)) {
		throw error;
	}
	return status;
}
