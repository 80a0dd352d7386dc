import assert from "node:assert/strict";
import { test } from "node:test";

import { concat, equal, fromBase64url, toBase64url } from "../static/app/bytes.js";

test("base64url is that of node, for every length", () => {
	for (let length = 0; length < 70; length++) {
		const bytes = crypto.getRandomValues(new Uint8Array(length));
		const text = Buffer.from(bytes).toString("base64url");
		assert.equal(toBase64url(bytes), text);
		assert.equal(toBase64url(bytes.buffer), text);
		assert.deepEqual(fromBase64url(text), bytes);
	}
});

test("only the canonical spelling of base64url is read", () => {
	for (const text of ["A", "AAAAA", "AA==", "AB", "AAB", "A A", "AA\n", "+/+/", "ä", null, undefined, 7]) {
		assert.throws(() => fromBase64url(text), TypeError, String(text));
	}
});

test("concat joins arrays and buffers, equal compares them whole", () => {
	const joined = concat(new Uint8Array([1]), new Uint8Array([2, 3]).buffer, new Uint8Array());
	assert.deepEqual(joined, new Uint8Array([1, 2, 3]));
	assert.ok(equal(joined, new Uint8Array([1, 2, 3])));
	assert.ok(!equal(joined, new Uint8Array([1, 2])));
	assert.ok(!equal(joined, new Uint8Array([1, 2, 4])));
});
