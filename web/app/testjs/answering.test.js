import assert from "node:assert/strict";
import { test } from "node:test";

import { approve, deny, digitsToType, noticeSeen, open, report, ways } from "../static/app/answering.js";
import { approvalHash, question } from "../static/app/approval.js";
import { toBase64url } from "../static/app/bytes.js";
import { CeremonyError } from "../static/app/errors.js";
import { importSecret } from "../static/app/keys.js";
import { pushPasscode } from "../static/app/otp.js";
import { sealPIN } from "../static/app/pin.js";
import { fakeServer, memoryStore, newAccount, newRequest, noWait, refusal, secret } from "./doubles.js";

const credential = { id: "AQID", rpId: "login.example.com", transports: ["internal"] };
const half = secret(64);

/** A server that hands out the half and takes any answer. */
const contented = () => fakeServer((verb) => (verb === "pin-half" ? { half: toBase64url(half) } : { state: "approved" }));

async function approving(changes, requestChanges, proof, more = {}) {
	const account = await newAccount(changes);
	const request = newRequest(requestChanges);
	const server = more.server ?? contented();
	const result = await approve(memoryStore(account), account, request, proof, { fetch: server.fetch, wait: noWait().wait, ...more });
	return { account, request, server, result, message: server.seen.at(-1).message };
}

const sealed = (pin) => sealPIN(secret(100), pin, new Uint8Array(16), half);
const passcodeUnder = async (bytes, request, account) => pushPasscode(await importSecret(bytes), await question(request, account));

test("a plain account approves with the push secret", async () => {
	const { account, request, message, result } = await approving({}, { match_digits: 2 }, { number: "42" });
	const passcode = await passcodeUnder(secret(0), request, account);
	const hash = toBase64url(await approvalHash(request, account, "42", "approve"));
	assert.deepEqual(message, { challenge: "chl_1", verdict: "approve", number: "42", hash, passcode });
	assert.deepEqual(result, { passcode, state: "approved" });
});

test("a biometric account signs the hash with the number in it, and sends nothing before", async () => {
	const asked = [];
	const server = contented();
	const assert_ = async (...args) => {
		assert.equal(server.seen.length, 0, "the tap must not be spent on the network");
		asked.push(args);
		return { id: "AQID" };
	};
	const { account, request, message } = await approving({ verification: "biometric", credential }, { match_digits: 2 }, { number: "07" }, { assert: assert_, server });
	assert.deepEqual(asked[0].slice(0, 2), [credential, await approvalHash(request, account, "07", "approve")]);
	assert.deepEqual([message.assertion, message.passcode], [{ id: "AQID" }, await passcodeUnder(secret(0), request, account)]);
	assert.deepEqual(server.verbs(), ["answer"]);
});

test("a person who says no to the fingerprint has sent nothing", async () => {
	const server = contented();
	const refused = () => Promise.reject(new CeremonyError("refused"));
	await assert.rejects(approving({ verification: "biometric", credential }, {}, {}, { assert: refused, server }), { name: "CeremonyError", kind: "refused" });
	assert.equal(server.seen.length, 0);
});

test("a PIN account asks for the server's half and approves with what the PIN opens", async () => {
	const { account, request, server, message } = await approving({ verification: "pin", pin: await sealed("190384") }, {}, { pin: "190384" });
	assert.deepEqual(server.verbs(), ["pin-half", "answer"]);
	assert.equal(message.passcode, await passcodeUnder(secret(100), request, account));
	assert.equal(message.assertion, undefined);
	assert.ok(!JSON.stringify(server.seen.map((one) => one.message)).includes("190384"), "the PIN is never sent");
});

test("a wrong PIN makes another passcode, and only the server can tell", async () => {
	const { account, request, message } = await approving({ verification: "pin", pin: await sealed("190384") }, {}, { pin: "190385" });
	assert.notEqual(message.passcode, await passcodeUnder(secret(100), request, account));
});

test("a PIN as the second way needs no assertion", async () => {
	const never = () => assert.fail("the person chose the PIN");
	const { message } = await approving({ verification: "biometric", credential, pin: await sealed("1903") }, {}, { pin: "1903" }, { assert: never });
	assert.equal(message.assertion, undefined);
	assert.match(message.passcode, /^\d{6}$/);
});

test("no account approves in a way that it does not have", async () => {
	const server = contented();
	for (const [changes, proof] of [[{}, { pin: "1903" }], [{ verification: "biometric", credential }, { pin: "1903" }], [{ verification: "new" }, {}]]) {
		await assert.rejects(approving(changes, {}, proof, { server }), TypeError);
	}
	await assert.rejects(approving({ verification: "pin", pin: await sealed("1903") }, {}, {}, { server: contented() }), TypeError);
	assert.equal(server.seen.length, 0);
});

test("the browser that asks needs no number, and sends none", async () => {
	const { account, request, message } = await approving({}, { match_digits: 2, same_browser: true }, { number: "42" });
	assert.deepEqual([digitsToType(request), message.number], [0, undefined]);
	assert.equal(message.hash, toBase64url(await approvalHash(request, account, "", "approve")));
});

test("the ways of an account, and the digits to type", async () => {
	for (const [verification, pin, want] of [
		["plain", null, ["plain"]], ["pin", {}, ["pin"]], ["biometric", null, ["assertion"]], ["biometric", {}, ["assertion", "pin"]], ["x", null, []],
	]) {
		assert.deepEqual(ways(await newAccount({ verification, pin })), want);
	}
	assert.equal(digitsToType(newRequest({ match_digits: 2 })), 2);
});

test("a wrong number says how many tries are left", async () => {
	const server = fakeServer(() => refusal(422, "wrong_number", { tries_left: 2 }));
	await assert.rejects(approving({}, { match_digits: 2 }, { number: "42" }, { server }), { code: "wrong_number", triesLeft: 2 });
	assert.equal(server.seen.length, 1);
});

test("an answer that may be lost is sent again, the same and signed anew", async () => {
	const answers = [new TypeError("lost"), refusal(503, "unavailable"), { state: "approved" }];
	const server = fakeServer(() => {
		const next = answers.shift();
		if (next instanceof Error) {
			throw next;
		}
		return next;
	});
	const { wait, waited } = noWait();
	const { result } = await approving({}, {}, {}, { server, wait });
	assert.equal(result.state, "approved");
	assert.deepEqual(waited, [1000, 2000]);
	assert.equal(new Set(server.seen.map(({ message }) => JSON.stringify(message))).size, 1);
	assert.equal(new Set(server.seen.map(({ proof }) => proof.jti)).size, 3);
});

test("after three tries the person is told", async () => {
	const server = fakeServer(() => {
		throw new TypeError("down");
	});
	await assert.rejects(approving({}, {}, {}, { server }), { name: "Offline" });
	assert.equal(server.seen.length, 3);
});

test("Deny and report need nothing but the challenge", async () => {
	const account = await newAccount({ verification: "biometric", credential });
	const server = fakeServer((verb, { verdict }) => ({ state: verdict === "deny" ? "denied" : "reported" }));
	const store = memoryStore(account);
	assert.deepEqual(await deny(store, account, "chl_1", { fetch: server.fetch }), { state: "denied" });
	assert.deepEqual(await report(store, account, "chl_1", { fetch: server.fetch }), { state: "reported" });
	assert.deepEqual(server.seen.map(({ message }) => message), [{ challenge: "chl_1", verdict: "deny" }, { challenge: "chl_1", verdict: "report" }]);
});

test("what has ended is told apart from what can be tried again", async () => {
	for (const [status, code, over] of [[410, "expired", true], [409, "answered_elsewhere", true], [409, "superseded", true], [409, "withdrawn", true],
		[409, "failed", true], [404, "unknown_request", true], [422, "wrong_passcode", false], [422, "wrong_assertion", false]]) {
		const server = fakeServer(() => refusal(status, code));
		await assert.rejects(approving({}, {}, {}, { server }), { code, over });
	}
});

test("opening a request and dismissing a notice name what they are about", async () => {
	const account = await newAccount();
	const server = fakeServer((verb) => (verb === "request" ? newRequest() : {}));
	assert.equal((await open(memoryStore(account), account, "chl_1", { fetch: server.fetch })).id, "chl_1");
	await noticeSeen(memoryStore(account), account, "ntc_1", { fetch: server.fetch });
	assert.deepEqual(server.seen.map(({ verb, message }) => [verb, message]), [["request", { challenge: "chl_1" }], ["notice-seen", { notice: "ntc_1" }]]);
});
