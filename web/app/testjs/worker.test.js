import assert from "node:assert/strict";
import { test } from "node:test";

import { toBase64url } from "../static/app/bytes.js";
import { serve } from "../static/app/worker.js";
import { fakeClients, fakeManager, fakeRegistration, withGlobal } from "./browser.js";
import { fakeServer, memoryStore, newAccount, newRequest, publicURL, refusal } from "./doubles.js";

/** A worker with its accounts and a server, and a way to let events happen to it. */
function start({ accounts = [], answer = () => ({}), clients = fakeClients(), registration = fakeRegistration(), store } = {}) {
	const listeners = new Map();
	const server = fakeServer(answer);
	const scope = {
		registration, clients, fetch: server.fetch, location: { origin: publicURL }, caches: {}, skipWaiting() {},
		addEventListener: (type, listener) => listeners.set(type, listener),
	};
	store ??= memoryStore(...accounts);
	serve({ release: "abc", page: "/app/", shell: ["/app/"] }, scope, async () => store);
	async function happen(type, event = {}) {
		const waits = [];
		listeners.get(type)({ waitUntil: (work) => waits.push(work), ...event });
		await Promise.all(waits);
	}
	const wake = (data) => happen("push", { data: data && { json: () => JSON.parse(data) } });
	const click = (notification, action = "") => happen("notificationclick", { notification, action });
	const titles = () => registration.shown.map(({ title }) => title);
	return { listeners, server, happen, wake, click, titles, registration, clients, store };
}

const openRequests = (...requests) => () => ({ requests, push_on: true });

test("all listeners are there when the script has run", () => {
	const { listeners } = start();
	const want = ["activate", "fetch", "install", "message", "notificationclick", "push", "pushsubscriptionchange"];
	assert.deepEqual([...listeners.keys()].sort(), want);
});

test("a wake-up names a device; what is open for it is asked and shown", async () => {
	const accounts = [await newAccount(), await newAccount({ deviceId: "dev_2" })];
	const worker = start({ accounts, answer: openRequests(newRequest()) });
	await worker.wake(`{"device":"dev_2","wake":"wak_1"}`);
	assert.deepEqual(worker.server.seen.map(({ verb, header }) => [verb, header.kid]), [["requests", "dev_2"]]);
	assert.deepEqual(worker.registration.shown.map(({ tag, data }) => [tag, data.device]), [["chl_1", "dev_2"]]);
	assert.match(worker.registration.shown[0].body, /Alice$/, "with several accounts it says whose");
});

test("no wake-up is silent, whatever goes wrong", async () => {
	const offline = () => {
		throw new TypeError("offline");
	};
	const broken = { accounts: () => Promise.reject(new Error("no database")) };
	for (const [name, setup, data] of [
		["offline", { accounts: [await newAccount()], answer: offline }, `{"device":"dev_1"}`],
		["an unknown device", { accounts: [await newAccount()] }, `{"device":"dev_9"}`],
		["no account at all", {}, `{"device":"dev_1"}`],
		["a removed account", { accounts: [await newAccount({ state: "gone", key: null })] }, `{"device":"dev_1"}`],
		["a server that refuses", { accounts: [await newAccount()], answer: () => refusal(401, "unknown_device") }, `{"device":"dev_1"}`],
		["no payload", { accounts: [await newAccount()] }, undefined], ["a payload that is no JSON", {}, "oops"], ["null", {}, "null"],
		["a device that is no text", {}, `{"device":{}}`], ["no database", { store: broken }, `{"device":"dev_1"}`],
	]) {
		const worker = start(setup);
		await worker.wake(data);
		assert.deepEqual(worker.titles(), ["Sign-in request"], name);
		assert.equal(worker.registration.shown[0].body, "Open the app to see it", name);
	}
});

test("a wake-up for a request that was answered meanwhile takes it off and says so quietly", async () => {
	const answers = [openRequests(newRequest())(), openRequests()()];
	const worker = start({ accounts: [await newAccount()], answer: () => answers.shift() });
	await worker.wake(`{"device":"dev_1"}`);
	await worker.wake(`{"device":"dev_1"}`);
	assert.deepEqual(worker.titles(), ["The request is over"]);
});

test("a click tells a window that is there and opens none", async () => {
	const clients = fakeClients({ url: `${publicURL}/account/` }, { url: `${publicURL}/app/` }, { url: `${publicURL}/app/#x`, visibilityState: "visible" });
	const worker = start({ accounts: [await newAccount()], answer: openRequests(newRequest()), clients });
	await worker.wake(`{"device":"dev_1"}`);
	await worker.click(worker.registration.shown[0]);
	assert.deepEqual(clients.all.map(({ told }) => told), [[], [], [{ type: "open", device: "dev_1", request: "chl_1" }, "focus"]]);
	assert.deepEqual([clients.opened, worker.titles()], [[], []]);
});

test("without a window a click opens one, on the request", async () => {
	const clients = fakeClients({ url: `${publicURL}/login/log_1` });
	const worker = start({ accounts: [await newAccount()], answer: openRequests(newRequest()), clients });
	await worker.wake(`{"device":"dev_1"}`);
	await worker.click(worker.registration.shown[0]);
	await worker.wake("");
	await worker.click(worker.registration.shown[0]);
	assert.deepEqual(clients.opened, ["/app/#request=chl_1&device=dev_1", "/app/"]);
	assert.deepEqual(clients.all[0].told, []);
});

const shownRequest = async (setup) => {
	const worker = start({ accounts: [await newAccount()], ...setup });
	await worker.registration.showNotification("Sign-in request", { tag: "chl_1", data: { device: "dev_1", request: "chl_1" } });
	return { worker, notification: worker.registration.shown[0] };
};

test("Deny is signed and sent by the worker itself", async () => {
	const { worker, notification } = await shownRequest({ answer: () => ({ state: "denied" }) });
	await worker.click(notification, "deny");
	assert.deepEqual(worker.server.seen.map(({ verb, message }) => [verb, message]), [["answer", { challenge: "chl_1", verdict: "deny" }]]);
	assert.deepEqual([worker.titles(), worker.clients.opened], [[], []]);
});

test("a denial that does not arrive says so and keeps the request at hand", async () => {
	const { worker, notification } = await shownRequest({ answer: () => refusal(400, "invalid_request") });
	await worker.click(notification, "deny");
	assert.deepEqual(worker.titles(), ["That was not denied yet"]);
	assert.deepEqual(worker.registration.shown[0].data, { device: "dev_1", request: "chl_1" });
});

test("a denial that comes too late says that the request is over", async () => {
	const { worker, notification } = await shownRequest({ answer: () => refusal(410, "expired") });
	await worker.click(notification, "deny");
	assert.deepEqual(worker.titles(), ["The request is over"]);
});

test("Approve on the notification sends a passcode where the policy allows it", async () => {
	const { worker, notification } = await shownRequest({ answer: (verb) => (verb === "request" ? newRequest() : { state: "approved" }) });
	await worker.click(notification, "approve");
	const { verb, message } = worker.server.seen[1];
	assert.deepEqual([verb, message.verdict, message.number], ["answer", "approve", undefined]);
	assert.match(message.passcode, /^\d{6}$/);
	assert.deepEqual(worker.titles(), ["Approved"]);
	assert.ok(!JSON.stringify(worker.registration.shown).includes(message.passcode), "a lock screen shows no passcode");
});

test("Approve on the notification sends nothing where it is not allowed", async () => {
	for (const [changes, request] of [[{ verification: "biometric" }, {}], [{ verification: "pin" }, {}], [{}, { match_digits: 2 }]]) {
		const accounts = [await newAccount(changes)];
		const { worker, notification } = await shownRequest({ accounts, answer: () => newRequest(request) });
		await worker.click(notification, "approve");
		assert.deepEqual(worker.server.verbs(), ["request"]);
		assert.deepEqual([worker.titles(), worker.registration.shown[0].body], [["That was not approved yet"], "Open the app to approve"]);
	}
});

test("an approval that the server refuses says to open the app", async () => {
	const { worker, notification } = await shownRequest({ answer: (verb) => (verb === "request" ? newRequest() : refusal(422, "wrong_number")) });
	await worker.click(notification, "approve");
	assert.deepEqual(worker.titles(), ["That was not approved yet"]);
});

test("a button for an account that is not here any more says to open the app", async () => {
	for (const action of ["deny", "approve"]) {
		const { worker, notification } = await shownRequest({ accounts: [] });
		await worker.click(notification, action);
		assert.equal(worker.registration.shown[0].body, action === "deny" ? "Open the app to answer" : "Open the app to approve");
	}
});

test("a subscription that has changed is made again and told for every account", async (t) => {
	withGlobal(t, "Notification", { permission: "granted" });
	const pushKey = toBase64url(new Uint8Array(65));
	const accounts = [await newAccount({ pushKey }), await newAccount({ deviceId: "dev_2", pushKey }), await newAccount({ deviceId: "dev_3", key: null })];
	const registration = fakeRegistration(fakeManager());
	const worker = start({ accounts, registration, answer: () => ({ push: { on: true, subscribed: true, blocked: "" } }) });
	await worker.happen("pushsubscriptionchange", { oldSubscription: {}, newSubscription: null });
	const told = worker.server.seen.map(({ header, message }) => [header.kid, message.subscription.endpoint]).sort();
	assert.deepEqual(told, [["dev_1", "https://push.example/1"], ["dev_2", "https://push.example/1"]]);
});

test("a page that shows a request closes its notification and no other's", async () => {
	const worker = start();
	for (const tag of ["chl_1", "chl_2", "over"]) {
		await worker.registration.showNotification(tag, { tag, data: {} });
	}
	await worker.happen("message", { data: { type: "shown", request: "chl_1" } });
	assert.deepEqual(worker.titles(), ["chl_2"]);
	await worker.happen("message", { data: { type: "else", request: "chl_2" } });
	await worker.happen("message", { data: null });
	assert.deepEqual(worker.titles(), ["chl_2"]);
	await worker.happen("message", { data: { type: "over", request: "chl_2" } });
	assert.deepEqual(worker.titles(), []);
});
