import assert from "node:assert/strict";
import { test } from "node:test";

import { endOf, snooze, snoozedUntil } from "../static/app/snooze.js";
import { fakeServer, memoryStore, newAccount } from "./doubles.js";

const at = (...parts) => new Date(2026, 2, ...parts).getTime();

test("an hour is an hour on the server's clock", () => {
	assert.equal(endOf("hour", Date.parse("2026-03-01T12:00:00Z"), 5000), "2026-03-01T13:00:05.000Z");
});

test("tomorrow at eight is the next eight o'clock here", () => {
	for (const [now, want] of [[at(3, 22), at(4, 8)], [at(3, 7), at(3, 8)], [at(3, 8), at(4, 8)]]) {
		assert.equal(endOf("morning", now, 0), new Date(want).toISOString());
	}
});

test("being left alone ends by itself", () => {
	const account = { offset: 1000, channel: { snoozed_until: "2026-03-01T12:00:01.000Z" } };
	const end = Date.parse("2026-03-01T12:00:00.000Z");
	assert.equal(snoozedUntil(account, end - 1).getTime(), end);
	assert.equal(snoozedUntil(account, end), null);
	assert.equal(snoozedUntil({ offset: 0, channel: null }, end), null);
});

test("the server is told, and what it answers is kept", async () => {
	const account = await newAccount();
	const store = memoryStore(account);
	const server = fakeServer((verb, { until }) => {
		assert.equal(verb, "snooze");
		return { push_on: true, push: { on: true, subscribed: true, blocked: "", ...(until && { snoozed_until: until }) } };
	});
	await snooze(store, account, "2026-03-01T13:00:00.000Z", { fetch: server.fetch });
	assert.equal(account.channel.snoozed_until, "2026-03-01T13:00:00.000Z");
	await snooze(store, account, null, { fetch: server.fetch });
	assert.equal(account.channel.snoozed_until, undefined);
});
