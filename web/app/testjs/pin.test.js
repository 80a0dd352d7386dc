import assert from "node:assert/strict";
import { test } from "node:test";

import { createKey, importSecret } from "../static/app/keys.js";
import { openPIN, sealPIN, simplePIN, validPIN } from "../static/app/pin.js";
import { secret } from "./doubles.js";

test("a PIN is 4 to 12 ASCII digits", () => {
	for (const pin of ["0000", "1234", "123456789012"]) {
		assert.ok(validPIN(pin), pin);
	}
	for (const pin of ["", "123", "1234567890123", "12a4", "1234\n", " 1234", "१२३४", "-123"]) {
		assert.ok(!validPIN(pin), pin);
	}
});

test("a simple PIN is one digit repeated, or digits in a row", () => {
	for (const pin of ["0000", "1234", "7890", "4321", "777777"]) {
		assert.ok(simplePIN(pin), pin);
	}
	for (const pin of ["1357", "1212", "2580", "190384"]) {
		assert.ok(!simplePIN(pin), pin);
	}
});

test("nothing is sealed under what is no PIN, a short salt, or a half of the wrong length", async () => {
	const salt = new Uint8Array(16);
	await assert.rejects(sealPIN(secret(0), "123", salt, secret(64)), TypeError);
	await assert.rejects(sealPIN(secret(0), "1234", new Uint8Array(15), secret(64)), TypeError);
	await assert.rejects(sealPIN(secret(0), "1234", salt, new Uint8Array(31)), TypeError);
	await assert.rejects(sealPIN(new Uint8Array(16), "1234", salt, secret(64)), TypeError);
});

test("a damaged number of iterations neither weakens the PIN nor hangs the phone", async () => {
	for (const iterations of [0, 599_999, 100_000_001, Number.NaN]) {
		const seal = { salt: new Uint8Array(16), sealed: secret(0), iterations };
		await assert.rejects(openPIN(seal, "1234", secret(64)), RangeError, String(iterations));
	}
});

test("keys and secrets cannot be read", async () => {
	const pair = await createKey();
	await assert.rejects(crypto.subtle.exportKey("pkcs8", pair.privateKey));
	await assert.rejects(crypto.subtle.exportKey("raw", await importSecret(secret(0))));
});
