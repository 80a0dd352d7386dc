import { sha256, toBase64url, utf8 } from "./bytes.js";

/**
 * Where a verb of the protocol is sent, and what a proof for it is bound to.
 * @param {string} publicURL
 * @param {string} verb
 */
export function verbURL(publicURL, verb) {
	return `${publicURL.replace(/\/$/, "")}/device/v1/${verb}`;
}

/**
 * Signs a message and a DPoP proof (RFC 9449) for it. A request that is sent again is signed again.
 * @param {{key: CryptoKeyPair, publicJwk: import("./keys.js").PublicJWK, deviceId?: string}} signer without deviceId
 *   the body carries the public key: that is for enrol/begin, when there is no id yet
 * @param {string} publicURL
 * @param {string} verb
 * @param {object} message
 * @param {number} now milliseconds since 1970 on the server's clock
 * @param {string} [nonce] the latest DPoP-Nonce, if there is a fresh one
 * @returns {Promise<{body: string, proof: string}>}
 */
export async function signRequest(signer, publicURL, verb, message, now, nonce) {
	const { crv, kty, x, y } = signer.publicJwk;
	const jwk = { crv, kty, x, y };
	const body = await sign(signer.key.privateKey, {
		alg: "ES256", typ: "nod-device+jwt", ...(signer.deviceId ? { kid: signer.deviceId } : { jwk }),
	}, message);
	const proof = await sign(signer.key.privateKey, { alg: "ES256", typ: "dpop+jwt", jwk }, {
		htm: "POST",
		htu: verbURL(publicURL, verb),
		iat: Math.floor(now / 1000),
		jti: toBase64url(crypto.getRandomValues(new Uint8Array(24))),
		bh: toBase64url(await sha256(utf8(body))),
		...(nonce ? { nonce } : {}),
	});
	return { body, proof };
}

/**
 * A compact JWS (RFC 7515). WebCrypto's signature is r ‖ s already.
 * @param {CryptoKey} key
 * @param {object} header
 * @param {object} payload
 */
async function sign(key, header, payload) {
	const input = `${encode(header)}.${encode(payload)}`;
	const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, utf8(input));
	return `${input}.${toBase64url(signature)}`;
}

function encode(value) {
	return toBase64url(utf8(JSON.stringify(value)));
}
