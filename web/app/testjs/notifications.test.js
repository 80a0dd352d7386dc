import assert from "node:assert/strict";
import { test } from "node:test";

import { afterWake, ofRequest, ofUnseen, stale } from "../static/app/notifications.js";
import { texts } from "../static/app/texts.js";
import { newAccount, newRequest } from "./doubles.js";

const looks = { texts, icon: "/icon.png" };
const actions = ({ options }) => (options.actions ?? []).map(({ action }) => action);

test("a request says which application and from where, and asks to stay", async () => {
	const shown = ofRequest(await newAccount({ verification: "biometric" }), newRequest(), false, looks);
	assert.equal(shown.title, "Sign-in request");
	assert.equal(shown.options.body, "Mail · Zürich, CH");
	assert.deepEqual([shown.options.tag, shown.options.requireInteraction, shown.options.icon], ["chl_1", true, "/icon.png"]);
	assert.deepEqual(shown.options.data, { device: "dev_1", request: "chl_1" });
	assert.deepEqual(actions(shown), ["deny"]);
});

test("without a place the address is named, and with several accounts whose request it is", async () => {
	const account = await newAccount();
	const request = newRequest();
	delete request.context.place;
	assert.equal(ofRequest(account, request, true, looks).options.body, "Mail · 203.0.113.7 · Alice");
	account.account.displayName = "";
	assert.equal(ofRequest(account, request, true, looks).options.body, "Mail · 203.0.113.7 · alice");
});

test("a name with braces in it is shown as it is", async () => {
	const request = newRequest({ context: { ...newRequest().context, client_name: "{place} {account}" } });
	assert.equal(ofRequest(await newAccount(), request, true, looks).options.body, "{place} {account} · Zürich, CH · Alice");
});

test("Approve stands on the notification only where the policy asks for neither number, PIN nor finger", async () => {
	for (const [verification, digits, state, want] of [
		["plain", 0, "active", ["approve", "deny"]], ["plain", 2, "active", ["deny"]], ["pin", 0, "active", ["deny"]],
		["biometric", 0, "active", ["deny"]], ["plain", 0, "suspended", ["deny"]], ["unheard-of", 0, "active", ["deny"]],
	]) {
		const account = await newAccount({ verification, state });
		assert.deepEqual(actions(ofRequest(account, newRequest({ match_digits: digits }), false, looks)), want, `${verification} ${digits}`);
	}
});

test("a wake-up shows every open request and every notice, and never nothing", async () => {
	const account = await newAccount();
	const tags = (answer) => afterWake(account, answer, false, looks).map(({ options }) => options.tag);
	const notice = { id: "ntc_1", kind: "device_added", about: "Alice's tablet", at: "2026-03-01T12:00:00.000Z" };
	assert.deepEqual(tags({ requests: [newRequest(), newRequest({ id: "chl_2" })], notices: [notice] }), ["ntc_1", "chl_1", "chl_2"]);
	assert.deepEqual(tags({ requests: [], notices: [notice] }), ["ntc_1"]);
	assert.deepEqual(tags({ requests: [newRequest({ state: "denied" })], notices: [] }), ["over"]);
	const [over] = afterWake(account, { requests: [], notices: [] }, false, looks);
	assert.deepEqual([over.title, over.options.silent], ["The request is over", true]);
});

test("notices of unknown kinds are shown all the same", async () => {
	const account = await newAccount();
	for (const [kind, title] of [["device_removed", texts.deviceRemoved], ["password_changed", texts.passwordChanged],
		["constructor", texts.notice], ["brand_new", texts.notice]]) {
		const [shown] = afterWake(account, { requests: [], notices: [{ id: "ntc_1", kind, about: "x", at: "2026-03-01T12:00:00.000Z" }] }, false, looks);
		assert.deepEqual([shown.title, shown.options.body], [title, "x"], kind);
	}
});

test("what cannot be looked up is shown without details", () => {
	const { title, options } = ofUnseen("dev_1", looks);
	assert.deepEqual([title, options.body, options.data], ["Sign-in request", "Open the app to see it", { device: "dev_1" }]);
});

test("notifications of requests that are over are stale, those of other accounts are not", () => {
	const of = (device, request) => ({ data: { device, request } });
	const shown = [of("dev_1", "chl_1"), of("dev_1", "chl_2"), of("dev_2", "chl_3"), { data: null }, of("dev_1", undefined)];
	assert.deepEqual(stale(shown, "dev_1", [newRequest(), newRequest({ id: "chl_2", state: "expired" })]), [shown[1]]);
});
