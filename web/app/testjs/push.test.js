import assert from "node:assert/strict";
import { test } from "node:test";

import { toBase64url } from "../static/app/bytes.js";
import { askPermission, permission, refresh, report, setPush, subscribe } from "../static/app/push.js";
import { fakeManager, fakeSubscription, withGlobal } from "./browser.js";
import { fakeServer, memoryStore, newAccount, refusal } from "./doubles.js";

const key = Uint8Array.from({ length: 65 }, (_, i) => i);
const pushKey = toBase64url(key);
const otherKey = Uint8Array.from({ length: 65 }, (_, i) => 65 - i);

const granted = (t, permission = "granted") => withGlobal(t, "Notification", { permission });

/** A server that keeps what it is told, as nod does. */
function channelServer() {
	return fakeServer((verb, { subscription, blocked, on = true }) => (verb === "push"
		? { push_on: on, push: { on, subscribed: true, blocked: "" } }
		: { push: { on: true, subscribed: subscription !== null, blocked } }));
}

test("a subscription is made under the server's key", async (t) => {
	granted(t);
	const pushManager = fakeManager();
	const { subscription } = await subscribe({ pushManager }, pushKey);
	assert.equal(subscription.endpoint, "https://push.example/1");
	assert.deepEqual(new Uint8Array(subscription.options.applicationServerKey), key);
	assert.equal((await subscribe({ pushManager }, pushKey)).subscription, subscription, "and found the next time");
	assert.deepEqual(pushManager.log, ["subscribe"]);
});

test("a subscription under another key is given up first", async (t) => {
	granted(t);
	const pushManager = fakeManager();
	pushManager.current = fakeSubscription(pushManager, "https://push.example/old", otherKey);
	const { subscription } = await subscribe({ pushManager }, pushKey);
	assert.equal(subscription.endpoint, "https://push.example/1");
	assert.deepEqual(pushManager.log, ["unsubscribe", "subscribe"]);
});

test("a push service out of reach never settles, and we do not wait for it", async (t) => {
	granted(t);
	const pushManager = fakeManager({ fail: () => new Promise(() => {}) });
	assert.deepEqual(await subscribe({ pushManager }, pushKey, { timeout: 20 }), { blocked: "unreachable" });
});

test("why there is no subscription is told apart", async (t) => {
	const failing = (name) => ({ pushManager: fakeManager({ fail: () => Promise.reject(new DOMException("no", name)) }) });
	for (const [allowed, registration, applicationKey, blocked] of [
		["denied", { pushManager: fakeManager() }, pushKey, "denied"], ["default", { pushManager: fakeManager() }, pushKey, "default"],
		["granted", {}, pushKey, "unsupported"], ["granted", null, pushKey, "unsupported"],
		["granted", { pushManager: fakeManager() }, null, "unsupported"], ["granted", failing("NotSupportedError"), pushKey, "unsupported"],
		["granted", failing("AbortError"), pushKey, "unreachable"], ["granted", failing("NotAllowedError"), pushKey, "denied"],
	]) {
		granted(t, allowed);
		assert.deepEqual(await subscribe(registration, applicationKey), { blocked }, `${allowed} ${blocked}`);
	}
	withGlobal(t, "Notification", undefined);
	assert.deepEqual([permission(), await askPermission()], ["unsupported", "unsupported"]);
	assert.deepEqual(await subscribe({ pushManager: fakeManager() }, pushKey), { blocked: "unsupported" });
});

test("subscribing never asks the person, asking does", async (t) => {
	const asked = { permission: "default", requestPermission: async () => (asked.permission = "granted") };
	withGlobal(t, "Notification", asked);
	assert.deepEqual(await subscribe({ pushManager: fakeManager() }, pushKey), { blocked: "default" });
	assert.equal(await askPermission(), "granted");
});

test("the server is told of a subscription, or why there is none", async (t) => {
	granted(t);
	const account = await newAccount();
	const store = memoryStore(account);
	const server = channelServer();
	const result = await subscribe({ pushManager: fakeManager() }, pushKey);
	const channel = await report(store, account, result, { fetch: server.fetch });
	assert.deepEqual(channel, { on: true, subscribed: true, blocked: "" });
	assert.deepEqual(server.seen[0].message, { subscription: { endpoint: "https://push.example/1", keys: { p256dh: "p", auth: "a" } }, blocked: "" });
	await report(store, account, { blocked: "denied" }, { fetch: server.fetch });
	assert.deepEqual(server.seen[1].message, { subscription: null, blocked: "denied" });
	const kept = await store.account("dev_1");
	assert.deepEqual(kept.channel, { on: true, subscribed: false, blocked: "denied" });
	assert.ok(!JSON.stringify(kept.reported).includes("push.example"), "only a digest is kept");
});

test("each opening tells what has changed, to every account, and nothing else", async (t) => {
	granted(t);
	const accounts = [await newAccount({ pushKey }), await newAccount({ pushKey, deviceId: "dev_2" }), await newAccount({ state: "gone", deviceId: "dev_3" })];
	const store = memoryStore(...accounts);
	const server = channelServer();
	const pushManager = fakeManager();
	const told = async () => {
		const before = server.seen.length;
		await refresh(store, accounts, { pushManager }, { fetch: server.fetch });
		return server.seen.slice(before).map(({ header, message }) => [header.kid, message.subscription?.endpoint ?? message.blocked]);
	};
	assert.deepEqual((await told()).sort(), [["dev_1", "https://push.example/1"], ["dev_2", "https://push.example/1"]]);
	assert.deepEqual(await told(), []);
	pushManager.current = null; // moved by the browser
	assert.deepEqual((await told()).sort(), [["dev_1", "https://push.example/2"], ["dev_2", "https://push.example/2"]]);
	granted(t, "denied"); // switched off in the system's settings
	assert.deepEqual((await told()).sort(), [["dev_1", "denied"], ["dev_2", "denied"]]);
	assert.deepEqual(await told(), []);
});

test("a subscription that the push service has dropped is made anew", async (t) => {
	granted(t);
	const account = await newAccount({ pushKey });
	const server = channelServer();
	const pushManager = fakeManager();
	const options = { fetch: server.fetch };
	await refresh(memoryStore(account), [account], { pushManager }, options);
	account.channel = { on: true, subscribed: false, blocked: "" };
	await refresh(memoryStore(account), [account], { pushManager }, options);
	assert.deepEqual(pushManager.log, ["subscribe", "unsubscribe", "subscribe"]);
	assert.equal(server.seen.at(-1).message.subscription.endpoint, "https://push.example/2");
});

test("an account that cannot be told does not keep the others from it", async (t) => {
	granted(t);
	const accounts = [await newAccount({ pushKey }), await newAccount({ pushKey, deviceId: "dev_2" })];
	const server = fakeServer((verb, message, { header }) => (header.kid === "dev_1"
		? refusal(403, "device_suspended") : { push: { on: true, subscribed: true, blocked: "" } }));
	await refresh(memoryStore(...accounts), accounts, { pushManager: fakeManager() }, { fetch: server.fetch });
	assert.deepEqual([accounts[0].state, accounts[0].reported, accounts[1].channel.subscribed], ["suspended", "", true]);
});

test("without an account there is nothing to refresh", async () => {
	assert.equal(await refresh(memoryStore(), [], { pushManager: fakeManager() }), null);
});

test("the person's switch is the server's", async () => {
	const account = await newAccount();
	const server = channelServer();
	assert.equal((await setPush(memoryStore(account), account, false, { fetch: server.fetch })).on, false);
	assert.deepEqual([server.seen[0].message, account.channel.on], [{ on: false }, false]);
});
