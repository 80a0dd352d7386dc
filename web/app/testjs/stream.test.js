import assert from "node:assert/strict";
import { test } from "node:test";

import { follow, pauseAfter } from "../static/app/stream.js";
import { fakeServer, memoryStore, newAccount, noWait, refusal } from "./doubles.js";

const begin = "retry: 1500\n\n";
const changed = "event: requests\ndata: {}\n\n";

/** A stream that sends the pieces and ends. */
function streamed(...pieces) {
	return new Response(pieces.join(""), { headers: { "Content-Type": "text/event-stream" } });
}

/** Follows until the answers are used up, and says what happened. */
async function followed(answers, account) {
	account ??= await newAccount();
	const store = memoryStore(account);
	const controller = new AbortController();
	const { wait, waited } = noWait();
	const states = [];
	let changes = 0;
	const server = fakeServer(() => {
		const next = answers.shift();
		if (next instanceof Error) {
			throw next;
		}
		if (next === undefined) {
			controller.abort(new Error("the test is over"));
			throw new TypeError("ended");
		}
		return next;
	});
	const end = await follow(store, account, () => changes++, {
		fetch: server.fetch, signal: controller.signal, wait, onState: (state) => states.push(state),
	});
	return { end, changes, states, waited, server, account, store };
}

test("each event says that something has changed", async () => {
	const { end, changes, states } = await followed([streamed(begin, changed, ": still here\n\n", changed), streamed(begin, changed)]);
	assert.deepEqual([end, changes, states], ["aborted", 3, ["open", "open"]]);
});

test("after its regular end a stream is opened again at once, with a little jitter", async () => {
	const { waited } = await followed([streamed(begin), streamed(begin), streamed(begin)]);
	assert.equal(waited.length, 3);
	assert.ok(waited.every((time) => time < 1000), String(waited));
});

test("a server that goes down says when to come back", async () => {
	const { waited } = await followed([streamed(begin, changed, "retry: 4321\nevent: reconnect\ndata: {}\n\n")]);
	assert.deepEqual(waited, [4321]);
});

test("pauses double after failures up to a minute, and begin anew once a stream was open", async () => {
	const failures = [new TypeError("down"), { status: 502, body: "<h1>" }, streamed(begin), new TypeError("down")];
	const { waited, states } = await followed(failures);
	assert.deepEqual(states, ["down", "down", "open", "down"]);
	for (const [i, most] of [1000, 2000, 1000, 1000].entries()) {
		assert.ok(waited[i] <= most, `${waited[i]} of ${most}`);
	}
	assert.ok(waited[0] >= 750 && waited[1] >= 1500 && waited[3] >= 750);
	for (const failed of [6, 7, 100, 2000]) {
		assert.ok(pauseAfter(failed) >= 45_000 && pauseAfter(failed) <= 60_000);
	}
});

test("a server that asks for a longer pause gets it", async () => {
	const { waited } = await followed([{ ...refusal(429, "slow_down"), headers: { "Retry-After": "5" } }]);
	assert.deepEqual(waited, [5000]);
});

test("what is no event stream counts as a failure", async () => {
	const { states } = await followed([{ hello: true }]);
	assert.deepEqual(states, ["down"]);
});

test("a suspended device stops, and keeps its keys", async () => {
	const { end, account, store } = await followed([refusal(403, "device_suspended")]);
	assert.deepEqual([end, account.state, (await store.account("dev_1")).state], ["device_suspended", "suspended", "suspended"]);
	assert.ok(account.key && account.pushSecret);
});

test("a removed device stops, and its keys are deleted", async () => {
	const { end, account, store } = await followed([refusal(401, "unknown_device")]);
	const kept = await store.account("dev_1");
	assert.deepEqual([end, account.state, kept.state, kept.key, kept.pushSecret, kept.typedSecret], ["unknown_device", "gone", "gone", null, null, null]);
	const again = await followed([], kept);
	assert.deepEqual([again.end, again.server.seen.length], ["unknown_device", 0]);
});

test("a stream that says nothing of its own makes the app look once", async () => {
	const account = await newAccount();
	const controller = new AbortController();
	const server = fakeServer((verb, message, { init }) => new Response(new ReadableStream({
		start(stream) {
			stream.enqueue(new TextEncoder().encode(begin));
			init.signal.addEventListener("abort", () => stream.error(init.signal.reason));
		},
	}), { headers: { "Content-Type": "text/event-stream" } }));
	let changes = 0;
	const look = () => {
		changes += 1;
		setTimeout(() => controller.abort(new Error("enough")), 50);
	};
	const end = await follow(memoryStore(account), account, look, { fetch: server.fetch, signal: controller.signal });
	assert.deepEqual([end, changes], ["aborted", 1]);
});
