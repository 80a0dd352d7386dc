import { fromBase64url } from "./bytes.js";

// Smaller differences are the time that the answer travelled.
const tolerance = 2000;
const slow = 5000;

/**
 * The server's time in a DPoP-Nonce: version ‖ milliseconds, eight bytes big-endian ‖ tag.
 * @param {string} nonce
 * @returns {number | null} null if it is none
 */
export function nonceTime(nonce) {
	try {
		const bytes = fromBase64url(nonce);
		if (bytes.length !== 25 || bytes[0] !== 1) {
			return null;
		}
		return Number(new DataView(bytes.buffer).getBigUint64(1));
	} catch {
		return null;
	}
}

/**
 * The offset to use after an answer that says what time it is, the old one if it is near enough or the answer took
 * too long to tell.
 * @param {number} offset the one in use
 * @param {string | undefined} serverTime
 * @param {number} sent by this device's clock
 * @param {number} received
 */
export function refreshedOffset(offset, serverTime, sent, received) {
	const server = Date.parse(serverTime ?? "");
	if (Number.isNaN(server) || received - sent > slow) {
		return offset;
	}
	const fresh = Math.round(server - (sent + received) / 2);
	return Math.abs(fresh - offset) > tolerance ? fresh : offset;
}
