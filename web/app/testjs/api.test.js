import assert from "node:assert/strict";
import { test } from "node:test";

import { begin, call } from "../static/app/api.js";
import { Offline, ProtocolError } from "../static/app/errors.js";
import { createKey, publicJWK } from "../static/app/keys.js";
import { fakeServer, newAccount, publicURL, refusal, vectors } from "./doubles.js";

const hour = 3_600_000;

/** Refuses a clock that is more than a minute off, as nod does. */
function strictClock(serverNow, nonce, answer) {
	return fakeServer((verb, message, { proof }) => {
		if (proof.nonce !== nonce && Math.abs(proof.iat * 1000 - serverNow()) > 60_000) {
			return { ...refusal(401, "use_dpop_nonce"), headers: { "DPoP-Nonce": nonce } };
		}
		return answer(verb, message);
	});
}

test("a request is signed by the device and carries no cookie but where the login's counts", async () => {
	const account = await newAccount();
	const server = fakeServer(() => ({ fine: true }));
	for (const verb of ["requests", "request", "answer", "enrol/status", "push", "subscribe", "pin-half"]) {
		assert.deepEqual(await call(account, verb, { n: 1 }, { fetch: server.fetch }), { fine: true });
		const { header, message, init } = server.seen.at(-1);
		assert.deepEqual([header.kid, header.jwk, message], ["dev_1", undefined, { n: 1 }]);
		const { credentials, redirect, cache, method, headers } = init;
		assert.equal(credentials, verb === "request" || verb === "answer" ? "same-origin" : "omit", verb);
		assert.deepEqual([redirect, cache, method, headers["Content-Type"]], ["error", "no-store", "POST", "application/jose"]);
	}
});

test("enrol/begin carries the key, since there is no id yet", async () => {
	const key = await createKey();
	const server = fakeServer(() => ({ device_id: "dev_9" }));
	assert.deepEqual(await begin(publicURL, key, { token: "nol_x" }, { fetch: server.fetch }), { device_id: "dev_9" });
	assert.deepEqual(server.seen[0].header, { alg: "ES256", typ: "nod-device+jwt", jwk: await publicJWK(key) });
});

test("a clock that is off is learned from the nonce, and the request is signed once more", async () => {
	const { nonce_at_server_time: nonce, server_time: time } = vectors("signed_request");
	const server = Date.parse(time);
	const account = await newAccount();
	const fake = strictClock(() => server, nonce, () => ({ fine: true }));
	const learned = [];
	const options = { fetch: fake.fetch, now: () => server - hour, learned: (changes) => learned.push(changes) };
	assert.deepEqual(await call(account, "requests", {}, options), { fine: true });
	assert.deepEqual(learned, [{ offset: hour }]);
	assert.equal(fake.seen.length, 2);
	assert.notEqual(fake.seen[0].proof.jti, fake.seen[1].proof.jti);
	assert.deepEqual([fake.seen[1].proof.nonce, fake.seen[1].proof.iat], [nonce, server / 1000]);

	account.offset = hour;
	await call(account, "requests", {}, options);
	assert.equal(fake.seen.length, 3, "with the offset one request is enough");
	assert.equal(fake.seen[2].proof.nonce, undefined);
});

test("a server that is never content with the clock is asked twice and no more", async () => {
	const { nonce_at_server_time: nonce } = vectors("signed_request");
	const fake = fakeServer(() => ({ ...refusal(401, "use_dpop_nonce"), headers: { "DPoP-Nonce": nonce } }));
	await assert.rejects(call(await newAccount(), "requests", {}, { fetch: fake.fetch }), { code: "use_dpop_nonce" });
	assert.equal(fake.seen.length, 2);
});

test("without a nonce that can be read there is no second try", async () => {
	for (const headers of [{}, { "DPoP-Nonce": "AAAA" }]) {
		const fake = fakeServer(() => ({ ...refusal(401, "use_dpop_nonce"), headers }));
		await assert.rejects(call(await newAccount(), "requests", {}, { fetch: fake.fetch }), { code: "use_dpop_nonce" });
		assert.equal(fake.seen.length, 1);
	}
});

test("server_time refreshes the offset, in answers and in refusals, but not for the time that an answer travels", async () => {
	const account = await newAccount();
	const here = Date.parse("2026-03-01T12:00:00.000Z");
	for (const [serverTime, want] of [
		["2026-03-01T12:00:01.500Z", []], ["2026-03-01T12:00:30.000Z", [{ offset: 30_000 }]], ["nonsense", []], [undefined, []],
	]) {
		for (const status of [200, 422]) {
			const learned = [];
			const fake = fakeServer(() => ({ status, body: { error: "wrong_number", server_time: serverTime } }));
			const options = { fetch: fake.fetch, now: () => here, learned: (changes) => learned.push(changes) };
			await call(account, "answer", {}, options).catch((error) => assert.equal(error.code, "wrong_number"));
			assert.deepEqual(learned, want, `${serverTime} ${status}`);
		}
	}
});

test("a refusal says its code, the tries that are left and how long to wait", async () => {
	const fake = fakeServer(() => ({ ...refusal(422, "wrong_number", { tries_left: 2 }), headers: { "Retry-After": "5" } }));
	await assert.rejects(call(await newAccount(), "answer", {}, { fetch: fake.fetch }), (error) => {
		assert.ok(error instanceof ProtocolError);
		assert.deepEqual([error.code, error.triesLeft, error.status, error.retryAfter, error.over], ["wrong_number", 2, 422, 5, false]);
		return true;
	});
});

test("a code that is not known counts as its status says, and what is no answer of nod's as a server that cannot answer", async () => {
	for (const [status, body, code] of [
		[418, { error: "teapot" }, "invalid_request"], [500, { error: "internal" }, "unavailable"], [502, "<h1>Bad Gateway</h1>", "unavailable"],
		[403, "<h1>Blocked</h1>", "unavailable"], [404, [], "unavailable"], [200, "<h1>Welcome to our hotel</h1>", "unavailable"],
		[200, "[]", "unavailable"], [200, "null", "unavailable"], [409, { error: "superseded" }, "superseded"],
	]) {
		const fake = fakeServer(() => ({ status, body }));
		await assert.rejects(call(await newAccount(), "requests", {}, { fetch: fake.fetch }), { name: "ProtocolError", code, status });
	}
});

test("a network that fails is offline, and so is a server that takes too long", async () => {
	const account = await newAccount();
	const failing = fakeServer(() => {
		throw new TypeError("Failed to fetch");
	});
	await assert.rejects(call(account, "requests", {}, { fetch: failing.fetch }), { name: "Offline", reason: "network" });
	const hanging = (url, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
	await assert.rejects(call(account, "requests", {}, { fetch: hanging, timeout: 20 }), { name: "Offline", reason: "timeout" });
});

test("a body that breaks off is offline", async () => {
	const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError("reset")) });
	const fake = fakeServer(() => new Response(body));
	await assert.rejects(call(await newAccount(), "requests", {}, { fetch: fake.fetch }), Offline);
});

test("whoever ends a request gets their own reason, before it began as well", async () => {
	const account = await newAccount();
	const hanging = (url, { signal }) => new Promise((_, reject) => {
		const end = () => reject(signal.reason);
		signal.addEventListener("abort", end);
		if (signal.aborted) {
			end();
		}
	});
	const controller = new AbortController();
	const calling = call(account, "requests", {}, { fetch: hanging, signal: controller.signal });
	const reason = new Error("enough");
	controller.abort(reason);
	await assert.rejects(calling, reason);
	await assert.rejects(call(account, "requests", {}, { fetch: hanging, signal: controller.signal }), reason);
});

test("a mistake of our own is not taken for a network that fails", async () => {
	await assert.rejects(call({ publicURL, key: null }, "requests", {}, { fetch: () => assert.fail("nothing was to be sent") }), TypeError);
});
