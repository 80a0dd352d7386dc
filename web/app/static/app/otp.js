import { concat, utf8 } from "./bytes.js";

const suite = "OCRA-1:HOTP-SHA256-6:QH64";
const step = 30_000;

/**
 * The OCRA response (RFC 6287) to a question of 32 bytes.
 * @param {CryptoKey} key HMAC with SHA-256
 * @param {Uint8Array} question
 * @returns {Promise<string>} six digits
 */
export async function pushPasscode(key, question) {
	if (question.length !== 32) {
		throw new TypeError("a question has 32 bytes");
	}
	// The suite's name, a zero byte, and the question padded to the 128 bytes of RFC 6287, section 5.1.
	return truncate(key, concat(utf8(suite), new Uint8Array(1), question, new Uint8Array(96)));
}

/**
 * The TOTP (RFC 6238) of a moment.
 * @param {CryptoKey} key HMAC with SHA-256
 * @param {number} now milliseconds since 1970 on the server's clock
 * @returns {Promise<{digits: string, left: number}>} left: milliseconds until the next one
 */
export async function typedPasscode(key, now) {
	const counter = new Uint8Array(8);
	new DataView(counter.buffer).setBigUint64(0, BigInt(Math.floor(now / step)));
	return { digits: await truncate(key, counter), left: step - (((now % step) + step) % step) };
}

// RFC 4226, section 5.3.
async function truncate(key, message) {
	const mac = new DataView(await crypto.subtle.sign("HMAC", key, message));
	const offset = mac.getUint8(mac.byteLength - 1) & 15;
	const number = mac.getUint32(offset) & 0x7fffffff;
	return String(number % 1_000_000).padStart(6, "0");
}
