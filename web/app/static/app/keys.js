import { fromBase64url, sha256, toBase64url, utf8 } from "./bytes.js";

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * The four members that name a public key, and nothing else.
 * @typedef {{crv: "P-256", kty: "EC", x: string, y: string}} PublicJWK
 */

/**
 * Makes a device key whose private half can be used and not read.
 * @returns {Promise<CryptoKeyPair>}
 */
export function createKey() {
	return crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
}

/**
 * @param {CryptoKeyPair} pair
 * @returns {Promise<PublicJWK>}
 */
export async function publicJWK(pair) {
	const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
	return { crv, kty, x, y };
}

/**
 * The thumbprint of RFC 7638 with SHA-256.
 * @param {PublicJWK} jwk
 * @returns {Promise<string>} base64url
 */
export async function thumbprint({ crv, kty, x, y }) {
	return toBase64url(await sha256(utf8(JSON.stringify({ crv, kty, x, y }))));
}

/**
 * What people compare on two screens: ten bytes of the thumbprint, such as "T6BG-W274-B4TR-SFGD".
 * @param {PublicJWK} jwk
 * @returns {Promise<string>}
 */
export async function fingerprint(jwk) {
	const bytes = fromBase64url(await thumbprint(jwk)).subarray(0, 10);
	let bits = bytes.reduce((all, byte) => (all << 8n) | BigInt(byte), 0n);
	let text = "";
	for (let i = 0; i < 16; i++) {
		text = crockford[Number(bits & 31n)] + (i > 0 && i % 4 === 0 ? "-" : "") + text;
		bits >>= 5n;
	}
	return text;
}

/**
 * Imports a secret so that it can be used and not read.
 * @param {Uint8Array} bytes
 * @returns {Promise<CryptoKey>}
 */
export function importSecret(bytes) {
	return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}
