const encoder = new TextEncoder();
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * @param {string} text
 * @returns {Uint8Array} its UTF-8 bytes
 */
export function utf8(text) {
	return encoder.encode(text);
}

/**
 * RFC 4648, section 5, without padding.
 * @param {ArrayBuffer | Uint8Array} data
 */
export function toBase64url(data) {
	const bytes = new Uint8Array(data);
	let text = "";
	for (let i = 0; i < bytes.length; i += 3) {
		const group = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
		const letters = Math.min(4, bytes.length - i + 1);
		for (let n = 0; n < letters; n++) {
			text += alphabet[(group >> (18 - 6 * n)) & 63];
		}
	}
	return text;
}

/**
 * Takes the one canonical spelling only, as the server does: a second spelling of the same bytes would be a second
 * name for the same thing.
 * @param {string} text
 * @returns {Uint8Array}
 */
export function fromBase64url(text) {
	if (typeof text !== "string" || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
		throw new TypeError("not base64url");
	}
	const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
	let bits = 0;
	let held = 0;
	let at = 0;
	for (const letter of text) {
		held = ((held << 6) | alphabet.indexOf(letter)) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			bytes[at++] = (held >> bits) & 0xff;
		}
	}
	if (held & ((1 << bits) - 1)) {
		throw new TypeError("not the canonical base64url");
	}
	return bytes;
}

/**
 * @param {...(ArrayBuffer | Uint8Array)} parts
 * @returns {Uint8Array}
 */
export function concat(...parts) {
	const arrays = parts.map((part) => new Uint8Array(part));
	const all = new Uint8Array(arrays.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of arrays) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}

/**
 * @param {ArrayBuffer | Uint8Array} data
 */
export function toHex(data) {
	return Array.from(new Uint8Array(data), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
export function equal(a, b) {
	return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/**
 * @param {Uint8Array} data
 * @returns {Promise<Uint8Array>}
 */
export async function sha256(data) {
	return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

/**
 * Overwrites secrets that are no longer needed. The engine may have copied them; what can be done is done.
 * @param {...Uint8Array} arrays
 */
export function wipe(...arrays) {
	for (const array of arrays) {
		array.fill(0);
	}
}
