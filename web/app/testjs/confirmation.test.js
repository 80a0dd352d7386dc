import assert from "node:assert/strict";
import { test } from "node:test";

import { waitForConfirmation } from "../static/app/confirmation.js";
import { fakeServer, memoryStore, newAccount, noWait, refusal } from "./doubles.js";

/** Waits while the server says one thing after the other. */
async function waiting(...answers) {
	const server = fakeServer((verb) => {
		assert.equal(verb, "enrol/status");
		const next = answers.shift();
		if (next instanceof Error) {
			throw next;
		}
		return typeof next === "string" ? { state: next } : next;
	});
	const account = await newAccount({ state: "confirm", pending: { confirmURL: null } });
	const store = memoryStore(account);
	const { wait, waited } = noWait();
	const outcome = waitForConfirmation(store, account, undefined, { fetch: server.fetch, wait });
	return { outcome, waited, store };
}

test("the device asks every two seconds until the person has confirmed, network or not", async () => {
	const { outcome, waited, store } = await waiting("confirm", new TypeError("offline"), refusal(503, "unavailable"), "active");
	assert.equal(await outcome, "active");
	assert.deepEqual(waited, [2000, 2000, 2000]);
	const kept = await store.account("dev_1");
	assert.deepEqual([kept.state, kept.pending], ["active", null]);
});

test("an enrolment that was refused or came too late leaves nothing behind", async () => {
	for (const [answer, want] of [["refused", "refused"], ["expired", "expired"], [refusal(410, "link_expired"), "expired"], [refusal(401, "unknown_device"), "expired"]]) {
		const { outcome, store } = await waiting(answer);
		assert.equal(await outcome, want);
		assert.deepEqual(await store.accounts(), []);
	}
});

test("what is no reason to wait is said", async () => {
	const { outcome } = await waiting(refusal(401, "invalid_proof"));
	await assert.rejects(outcome, { code: "invalid_proof" });
});

test("waiting can be ended", async () => {
	const { store } = await waiting("active");
	const reason = new Error("closed");
	const fetch = (url, { signal }) => Promise.reject(signal.reason);
	await assert.rejects(waitForConfirmation(store, await store.account("dev_1"), AbortSignal.abort(reason), { fetch }), reason);
});
