import assert from "node:assert/strict";
import { test } from "node:test";

import { requests } from "../static/app/sync.js";
import { fakeServer, memoryStore, newAccount, newRequest, refusal, vectors } from "./doubles.js";

test("what the server says of a device is kept, with its clock", async () => {
	const account = await newAccount({ name: "old", state: "suspended" });
	const store = memoryStore(account);
	const push = { on: false, subscribed: true, blocked: "", delivered_at: "2026-03-01T12:00:00.000Z" };
	const server_time = new Date(Date.now() + 3_600_000).toISOString();
	const server = fakeServer(() => ({ requests: [newRequest()], push_on: false, server_time, name: "new", push, notices: [] }));
	const { requests: open, notices } = await requests(store, account, { fetch: server.fetch });
	assert.deepEqual([open.map(({ id }) => id), notices], [["chl_1"], []]);
	for (const one of [account, await store.account("dev_1")]) {
		assert.deepEqual([one.name, one.channel, one.state], ["new", push, "active"]);
		assert.ok(Math.abs(one.offset - 3_600_000) < 2000);
	}
});

test("an answer that leaves things out changes nothing but the switch", async () => {
	const account = await newAccount();
	const server = fakeServer(() => ({ push_on: false }));
	const got = await requests(memoryStore(account), account, { fetch: server.fetch });
	assert.deepEqual([got.requests, got.notices, account.name, account.channel], [[], [], "Alice's Pixel", { on: false, subscribed: false, blocked: "" }]);
});

test("nothing is written when nothing has changed", async () => {
	const account = await newAccount({ channel: { on: true, subscribed: true, blocked: "" } });
	const store = { patch: () => assert.fail("nothing was to be written") };
	const server = fakeServer(() => ({ requests: [], push_on: true, push: { ...account.channel }, name: account.name }));
	await requests(store, account, { fetch: server.fetch });
});

test("the offset from a nonce is kept for the next request", async () => {
	const account = await newAccount();
	const store = memoryStore(account);
	const { nonce_at_server_time: nonce, server_time: time } = vectors("signed_request");
	const now = () => Date.parse(time) - 7_200_000;
	const server = fakeServer((verb, message, { proof }) => (proof.nonce || proof.iat * 1000 === Date.parse(time)
		? { requests: [] } : { ...refusal(401, "use_dpop_nonce", { server_time: time }), headers: { "DPoP-Nonce": nonce } }));
	await requests(store, account, { fetch: server.fetch, now });
	await requests(store, await store.account("dev_1"), { fetch: server.fetch, now });
	assert.equal(server.seen.length, 3);
	assert.equal(account.offset, 7_200_000);
});

test("a removed device loses everything that makes it usable, and asks no more", async () => {
	const account = await newAccount({ credential: { id: "AA", rpId: "x", transports: [] }, pin: {}, pending: {} });
	const store = memoryStore(account);
	const server = fakeServer(() => refusal(401, "unknown_device"));
	await assert.rejects(requests(store, account, { fetch: server.fetch }), { code: "unknown_device" });
	const kept = await store.account("dev_1");
	assert.equal(kept.state, "gone");
	for (const name of ["key", "pushSecret", "typedSecret", "pin", "credential", "pending"]) {
		assert.equal(kept[name], null, name);
	}
	await assert.rejects(requests(store, kept, { fetch: server.fetch }), { code: "unknown_device" });
	assert.equal(server.seen.length, 1);
});

test("a suspended device keeps everything; other refusals change nothing", async () => {
	for (const [status, code, state] of [[403, "device_suspended", "suspended"], [401, "invalid_proof", "active"], [503, "unavailable", "active"]]) {
		const account = await newAccount();
		const store = memoryStore(account);
		const server = fakeServer(() => refusal(status, code));
		await assert.rejects(requests(store, account, { fetch: server.fetch }), { code });
		const kept = await store.account("dev_1");
		assert.deepEqual([kept.state, kept.key === account.key, account.state], [state, true, state]);
	}
});
