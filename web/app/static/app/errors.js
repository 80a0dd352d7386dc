const known = new Set([
	"invalid_request", "too_large", "invalid_proof", "use_dpop_nonce", "replayed", "slow_down", "unavailable",
	"unknown_device", "device_suspended", "link_used", "link_expired", "verification_refused",
	"unknown_request", "expired", "answered_elsewhere", "superseded", "withdrawn", "failed",
	"wrong_number", "wrong_passcode", "wrong_assertion", "refused_by_policy",
]);

const overCodes = new Set(["unknown_request", "expired", "answered_elsewhere", "superseded", "withdrawn", "failed"]);

/** The server refused. */
export class ProtocolError extends Error {
	/**
	 * @param {number} status
	 * @param {{error?: string, message?: string, tries_left?: number, server_time?: string}} body
	 * @param {number} [retryAfter] seconds
	 */
	constructor(status, body, retryAfter = 0) {
		super(body.message || `the server answered ${status}`);
		this.name = "ProtocolError";
		/** One of the codes of the protocol; one that is not known counts as its status says. */
		this.code = known.has(body.error) ? body.error : status >= 500 ? "unavailable" : "invalid_request";
		/** @type {number | undefined} */
		this.triesLeft = body.tries_left;
		/** @type {string | undefined} */
		this.serverTime = body.server_time;
		this.status = status;
		this.retryAfter = retryAfter;
	}

	/** Whether the request that was asked about has ended. */
	get over() {
		return overCodes.has(this.code);
	}
}

/** The server was not reached, or not in time. */
export class Offline extends Error {
	/**
	 * @param {"network" | "timeout"} reason
	 */
	constructor(reason) {
		super(`not reached: ${reason}`);
		this.name = "Offline";
		this.reason = reason;
	}
}

/** A text is no enrolment link for this server. Its message does not repeat the link, which holds a secret. */
export class LinkError extends Error {
	/**
	 * @param {"not-a-link" | "other-server" | "damaged"} reason
	 */
	constructor(reason) {
		super(`enrolment link: ${reason}`);
		this.name = "LinkError";
		this.reason = reason;
	}
}

/** An enrolment that cannot go on. */
export class EnrolmentError extends Error {
	/**
	 * @param {"fingerprint" | "incomplete" | "pins-differ" | "pin"} reason
	 */
	constructor(reason) {
		super(`enrolment: ${reason}`);
		this.name = "EnrolmentError";
		this.reason = reason;
	}
}

/** A WebAuthn ceremony came to nothing. */
export class CeremonyError extends Error {
	/**
	 * @param {"refused" | "other"} kind "refused": the person said no or did not act in time
	 * @param {unknown} cause
	 */
	constructor(kind, cause) {
		super(`WebAuthn: ${kind}`, { cause });
		this.name = "CeremonyError";
		this.kind = kind;
	}
}
