import { concat, utf8, wipe } from "./bytes.js";
import { importSecret } from "./keys.js";

const leastIterations = 600_000;
const mostIterations = 100_000_000;

/**
 * What a device stores of the PIN path. Without the server's half it says nothing about PIN or secret.
 * @typedef {{salt: Uint8Array, iterations: number, sealed: Uint8Array}} PINSeal
 */

/**
 * @param {string} pin
 */
export function validPIN(pin) {
	return /^[0-9]{4,12}$/.test(pin);
}

/**
 * Whether a PIN is among the first that anybody would try: one digit repeated, or digits in a row.
 * @param {string} pin
 */
export function simplePIN(pin) {
	const steps = new Set([...pin].slice(1).map((digit, i) => (10 + Number(digit) - Number(pin[i])) % 10));
	return steps.size <= 1 && [0, 1, 9].includes([...steps][0] ?? 0);
}

/**
 * Hides the PIN secret under the PIN and the server's half. The secret is overwritten.
 * @param {Uint8Array} secret
 * @param {string} pin
 * @param {Uint8Array} salt
 * @param {Uint8Array} half
 * @param {number} [iterations] the least number is used if it is lower
 * @returns {Promise<PINSeal>}
 */
export async function sealPIN(secret, pin, salt, half, iterations = 0) {
	const used = Math.max(iterations, leastIterations);
	const sealed = await applyStream(secret, pin, salt, half, used);
	wipe(secret);
	return { salt, iterations: used, sealed };
}

/**
 * The secret that this PIN yields, ready for making passcodes. Every PIN yields one; only the server can tell the right one.
 * @param {PINSeal} seal
 * @param {string} pin
 * @param {Uint8Array} half
 * @returns {Promise<CryptoKey>}
 */
export async function openPIN(seal, pin, half) {
	const secret = await applyStream(seal.sealed, pin, seal.salt, half, seal.iterations);
	try {
		return await importSecret(secret);
	} finally {
		wipe(secret);
	}
}

// The stream is HKDF over PBKDF2(PIN) ‖ half: the half makes it unknown to a thief of the device, PBKDF2 makes PINs
// slow to try for somebody who has both.
async function applyStream(data, pin, salt, half, iterations) {
	if (!validPIN(pin)) {
		throw new TypeError("a PIN has 4 to 12 digits");
	}
	if (salt.length < 16 || half.length !== 32 || data.length !== 32) {
		throw new TypeError("salt, half or secret has a wrong length");
	}
	if (!(iterations >= leastIterations && iterations <= mostIterations)) {
		throw new RangeError("number of iterations out of range");
	}
	const typed = utf8(pin);
	const password = await crypto.subtle.importKey("raw", typed, "PBKDF2", false, ["deriveBits"]);
	const stretched = new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, password, 256));
	const input = concat(stretched, half);
	const base = await crypto.subtle.importKey("raw", input, "HKDF", false, ["deriveBits"]);
	const info = utf8("nod-pin-v1");
	const stream = new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info }, base, 256));
	const result = stream.map((byte, i) => byte ^ data[i]);
	wipe(typed, stretched, input, stream);
	return result;
}
