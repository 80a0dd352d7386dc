import assert from "node:assert/strict";
import { test } from "node:test";

import { eventParser } from "../static/app/events.js";

const text = "retry: 1500\n\n: still here\n\nevent: requests\ndata: {}\n\ndata: one\ndata:two\ndata\n\nevent: nothing\n\n"
	+ "id: 7\nunknown: x\ndata: é東🔑\n\nevent: reconnect\nretry: 4000\nretry: soon\ndata: {}\n\ndata: never finished\n";
const want = [
	{ type: "requests", data: "{}" },
	{ type: "message", data: "one\ntwo\n" },
	{ type: "message", data: "é東🔑" },
	{ type: "reconnect", data: "{}" },
];

function parse(pieces) {
	const parser = eventParser();
	const events = pieces.flatMap((piece) => parser.push(piece));
	return { events, retry: parser.retry() };
}

test("events are read, comments and what is unknown are not", () => {
	assert.deepEqual(parse([text]), { events: want, retry: 4000 });
});

for (const [name, lineEnd] of [["LF", "\n"], ["CR LF", "\r\n"], ["CR", "\r"]]) {
	test(`pieces can be cut anywhere, with ${name}`, () => {
		const whole = text.replaceAll("\n", lineEnd);
		// The last line end may be half of a CR LF, so nothing that ends there is complete before more follows.
		for (let cut = 0; cut <= whole.length; cut++) {
			assert.deepEqual(parse([whole.slice(0, cut), whole.slice(cut)]).events, want, `cut at ${cut}`);
		}
		assert.deepEqual(parse([...whole]).events, want);
	});
}

test("bytes can be cut inside a character", () => {
	const bytes = new TextEncoder().encode(text);
	for (let round = 0; round < 300; round++) {
		const parser = eventParser();
		const decoder = new TextDecoder();
		const events = [];
		for (let at = 0; at < bytes.length;) {
			const length = 1 + Math.floor(Math.random() * 9);
			events.push(...parser.push(decoder.decode(bytes.subarray(at, at + length), { stream: true })));
			at += length;
		}
		assert.deepEqual(events, want);
	}
});

test("any text at all is read without failing", () => {
	const letters = [":", " ", "\r", "\n", "data", "event", "retry", "\u0000", "é", "1"];
	for (let round = 0; round < 2000; round++) {
		const parser = eventParser();
		const pieces = Array.from({ length: 30 }, () => letters[Math.floor(Math.random() * letters.length)]);
		const apart = pieces.flatMap((piece) => parser.push(piece));
		// A last CR alone is still undecided; a line feed settles it the same way for both.
		apart.push(...parser.push("\n"));
		assert.deepEqual(apart, eventParser().push(`${pieces.join("")}\n`), JSON.stringify(pieces));
	}
});
