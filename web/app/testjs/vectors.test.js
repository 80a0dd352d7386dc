import assert from "node:assert/strict";
import { test } from "node:test";

import { approvalCanonical, approvalHash, contextCanonical, question } from "../static/app/approval.js";
import { concat, fromBase64url, sha256, toBase64url, toHex, utf8 } from "../static/app/bytes.js";
import { canonical } from "../static/app/canonical.js";
import { nonceTime } from "../static/app/clock.js";
import { signRequest, verbURL } from "../static/app/jws.js";
import { fingerprint, importSecret, thumbprint } from "../static/app/keys.js";
import { pushPasscode, typedPasscode } from "../static/app/otp.js";
import { openPIN, sealPIN } from "../static/app/pin.js";
import { decode, openJWS, vectors } from "./doubles.js";

test("canonical.json: fields are encoded as the server encodes them", () => {
	const rows = vectors("canonical").vectors;
	assert.ok(rows.length > 0);
	for (const { fields, encoded_hex: want } of rows) {
		assert.equal(toHex(canonical(...fields)), want, JSON.stringify(fields));
	}
});

test("approval.json: hash and question are those of the server", async () => {
	const rows = vectors("approval").vectors;
	assert.ok(rows.length > 0);
	for (const { name, approval: a, ...want } of rows) {
		const request = { id: a.challenge, nonce: a.nonce, account: a.account, client: { id: a.client }, context: a.context, expires_at: a.expires };
		const account = { issuer: a.issuer, deviceId: a.device };
		assert.equal(toHex(contextCanonical(a.context)), want.context_hex, name);
		assert.equal(toHex(approvalCanonical(request, account, a.number, a.verdict)), want.canonical_hex, name);
		assert.equal(toBase64url(await approvalHash(request, account, a.number, a.verdict)), want.hash, name);
		assert.equal(toBase64url(await question(request, account)), want.question, name);
	}
});

test("passcode.json: push passcodes answer their question", async () => {
	const rows = vectors("passcode").push;
	assert.ok(rows.length > 0);
	for (const row of rows) {
		const key = await importSecret(fromBase64url(row.secret));
		assert.equal(await pushPasscode(key, fromBase64url(row.question)), row.passcode);
	}
});

test("passcode.json: typed passcodes are those of their moment, and say how long they last", async () => {
	const rows = vectors("passcode").typed;
	assert.ok(rows.length > 0);
	for (const row of rows) {
		const key = await importSecret(fromBase64url(row.secret));
		const at = Date.parse(row.time);
		assert.deepEqual(await typedPasscode(key, at), { digits: row.passcode, left: 30_000 - (at % 30_000) });
	}
});

test("registration.json: what a credential commits to is encoded the same way", async () => {
	const row = vectors("registration");
	const fields = [row.issuer, row.enrolment, row.device, row.account, row.thumbprint, row.question];
	assert.equal(toBase64url(await sha256(concat(utf8("nod-enrol-v1"), canonical(...fields)))), row.challenge);
});

test("fingerprint.json: thumbprint and fingerprint are those that the browser shows", async () => {
	const rows = vectors("fingerprint").vectors;
	assert.ok(rows.length > 0);
	for (const row of rows) {
		assert.equal(await thumbprint(row.key), row.thumbprint);
		assert.equal(await fingerprint(row.key), row.fingerprint);
	}
});

test("pin.json: a PIN secret is sealed and opened as the protocol says", async () => {
	const rows = vectors("pin").vectors;
	assert.ok(rows.length > 0);
	for (const row of rows) {
		const [salt, half] = [fromBase64url(row.seal.salt), fromBase64url(row.pin_half)];
		const secret = fromBase64url(row.pin_secret);
		const seal = await sealPIN(secret, row.pin, salt, half, row.seal.iterations);
		assert.equal(toBase64url(seal.sealed), row.seal.sealed);
		assert.equal(seal.iterations, row.seal.iterations);
		assert.ok(secret.every((byte) => byte === 0), "the secret is overwritten");
		const stream = await sealPIN(new Uint8Array(32), row.pin, salt, half);
		assert.equal(toBase64url(stream.sealed), row.stream);
		await sameKey(await openPIN(seal, row.pin, half), row.pin_secret);
		await sameKey(await openPIN(seal, row.wrong_pin, half), row.wrong_opened);
	}
});

// What is opened can be used and not read, so it is compared by what it does.
async function sameKey(key, want) {
	assert.equal(key.extractable, false);
	const mac = async (k) => toHex(await crypto.subtle.sign("HMAC", k, utf8("the same?")));
	assert.equal(await mac(key), await mac(await importSecret(fromBase64url(want))));
}

test("signed_request.json: the requests that are given hold", async () => {
	const { public_url: publicURL, requests } = vectors("signed_request");
	assert.ok(requests.length > 0);
	for (const row of requests) {
		const [header, message] = await openJWS(row.body, row.dpop);
		const [, claims] = await openJWS(row.dpop, row.dpop);
		assert.deepEqual(message, row.message);
		assert.equal(header.kid, row.device_id);
		assert.equal(claims.htu, verbURL(publicURL, row.verb));
		assert.equal(claims.iat, row.iat);
		assert.equal(claims.nonce, row.nonce);
		assert.equal(claims.bh, toBase64url(await sha256(utf8(row.body))));
	}
});

test("signed_request.json: our own requests say the same, under the same key", async () => {
	const { public_url: publicURL, private_key: jwk, requests } = vectors("signed_request");
	const { d: _, ...publicJwk } = jwk;
	const privateKey = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
	for (const row of requests) {
		const signer = { key: { privateKey }, publicJwk, deviceId: row.device_id };
		const { body, proof } = await signRequest(signer, publicURL, row.verb, row.message, row.iat * 1000 + 999, row.nonce);
		const [header, message] = await openJWS(body, row.dpop);
		assert.deepEqual(message, row.message);
		assert.deepEqual(header, decode(row.body.split(".")[0]));
		const [proofHeader, claims] = await openJWS(proof, row.dpop);
		assert.deepEqual(proofHeader, decode(row.dpop.split(".")[0]));
		const { jti, bh, ...fixed } = claims;
		const { jti: __, bh: ___, ...wanted } = decode(row.dpop.split(".")[1]);
		assert.deepEqual(fixed, wanted);
		assert.equal(bh, toBase64url(await sha256(utf8(body))));
		assert.match(jti, /^[!-~]{16,64}$/);
	}
});

test("signed_request.json: the nonce tells the server's time", () => {
	const { nonce_at_server_time: nonce, server_time: time } = vectors("signed_request");
	assert.equal(nonceTime(nonce), Date.parse(time));
	for (const wrong of ["", "AQ", "!", `${nonce}AA`, `A${nonce.slice(1)}`.replace(/^AQ/, "Ag")]) {
		assert.equal(nonceTime(wrong), null, wrong);
	}
});
