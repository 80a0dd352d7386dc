import assert from "node:assert/strict";
import { test } from "node:test";

import { toBase64url } from "../static/app/bytes.js";
import { begin, makeCredential, prove, setPIN, step, wanted } from "../static/app/enrolment.js";
import { CeremonyError } from "../static/app/errors.js";
import { fingerprint, importSecret } from "../static/app/keys.js";
import { pushPasscode } from "../static/app/otp.js";
import { fakeServer, memoryStore, publicURL, refusal, secret } from "./doubles.js";

const question = secret(160);
const asked = { publicURL, token: "nol_x", name: "Alice's Pixel", wants: "biometric" };
const pinPart = { pin_secret: toBase64url(secret(64)), pin_salt: toBase64url(secret(96)), pin_half: toBase64url(secret(128)), pin_iterations: 600_000 };
const made = { json: { id: "AQID" }, id: "AQID", rpId: "login.example.com", transports: ["internal"] };

/** A server that enrols, unless one of its verbs is answered in another way. */
function enroller(changes = {}, others = {}) {
	return fakeServer(async (verb, message, { header }) => {
		if (others[verb]) {
			return others[verb](message);
		}
		switch (verb) {
			case "enrol/begin":
				return {
					device_id: "dev_1", issuer: publicURL, account: { id: "usr_1", name: "alice", display_name: "Alice" },
					verification: "plain", match_digits: 2, push_secret: toBase64url(secret(0)), typed_secret: toBase64url(secret(32)),
					question: toBase64url(question), fingerprint: await fingerprint(header.jwk), state: "prove", push_key: "BA", ...changes,
				};
			case "enrol/credential":
				return { state: "prove" };
			default:
				return { state: "confirm" };
		}
	});
}

const code = async (first) => pushPasscode(await importSecret(secret(first)), question);

test("a plain device begins, proves, and waits for the person", async () => {
	const server = enroller();
	const store = memoryStore();
	const options = { fetch: server.fetch };
	let account = await begin(store, asked, options);
	assert.deepEqual(server.seen[0].message, { token: "nol_x", name: "Alice's Pixel", kind: "web", wants: "biometric" });
	assert.deepEqual([step(account), account.pushSecret.extractable, account.typedSecret.extractable, account.key.privateKey.extractable], ["prove", false, false, false]);
	account = await prove(store, await store.account("dev_1"), options);
	assert.deepEqual(server.seen[1].message, { passcode: await code(0) });
	assert.deepEqual([step(account), account.pending], ["confirm", { confirmURL: null }]);
});

test("a biometric device registers its credential and remembers whom it is for", async () => {
	const creation = { rp: { id: "login.example.com" }, challenge: "AA" };
	const server = enroller({ verification: "biometric", state: "credential", credential: creation });
	const store = memoryStore();
	let account = await begin(store, asked, { fetch: server.fetch });
	assert.equal(step(account), "credential");
	const create = async (options) => {
		assert.deepEqual(options, creation);
		return made;
	};
	account = await makeCredential(store, account, { fetch: server.fetch, create });
	assert.deepEqual(server.seen[1].message, { credential: made.json });
	const kept = await store.account("dev_1");
	assert.deepEqual([kept.credential, step(kept)], [{ id: "AQID", rpId: "login.example.com", transports: ["internal"] }, "prove"]);
	assert.deepEqual([kept.pending.creation, kept.pending.made], [undefined, undefined]);
});

test("a PIN is proved by what was typed the second time, and nothing that could test it stays", async () => {
	const server = enroller({ verification: "pin", ...pinPart });
	const store = memoryStore();
	let account = await begin(store, { ...asked, wants: "pin" }, { fetch: server.fetch });
	assert.equal(step(account), "pin");
	await assert.rejects(setPIN(store, account, "123", "123"), { name: "EnrolmentError", reason: "pin" });
	await assert.rejects(setPIN(store, account, "1903", "1930"), { name: "EnrolmentError", reason: "pins-differ" });
	await setPIN(store, account, "1903", "1903");
	account = await store.account("dev_1");
	assert.deepEqual([step(account), account.pending.pin], ["prove", null]);
	account = await prove(store, account, { fetch: server.fetch });
	assert.deepEqual(server.seen[1].message, { passcode: await code(64) });
	const kept = JSON.stringify(await store.account("dev_1"), (_, value) => (value instanceof Uint8Array ? toBase64url(value) : value));
	for (const [name, bytes] of [["the secret", secret(64)], ["the half", secret(128)]]) {
		assert.ok(!kept.includes(toBase64url(bytes)), `${name} is forgotten`);
	}
});

test("a biometric device with a PIN as second way proves both", async () => {
	const server = enroller({ verification: "biometric", state: "credential", credential: {}, ...pinPart });
	const store = memoryStore();
	let account = await begin(store, asked, { fetch: server.fetch });
	account = await makeCredential(store, account, { fetch: server.fetch, create: async () => made });
	assert.equal(step(account), "pin");
	account = await setPIN(store, account, "1903", "1903");
	await prove(store, account, { fetch: server.fetch });
	assert.deepEqual(server.seen.at(-1).message, { passcode: await code(0), pin_passcode: await code(64) });
});

test("a server that saw another key is not enrolled with", async () => {
	const store = memoryStore();
	const server = enroller({ fingerprint: "T6BG-W274-B4TR-SFGD" });
	await assert.rejects(begin(store, asked, { fetch: server.fetch }), { name: "EnrolmentError", reason: "fingerprint" });
	assert.deepEqual(await store.accounts(), []);
});

test("an answer that lacks something is not enrolled with", async () => {
	for (const changes of [{ push_secret: undefined }, { typed_secret: "AAAA" }, { device_id: "" }, { question: undefined }, { account: undefined },
		{ verification: "none" }, { verification: "pin" }, { verification: "biometric" }]) {
		const store = memoryStore();
		await assert.rejects(begin(store, asked, { fetch: enroller(changes).fetch }), { reason: "incomplete" }, JSON.stringify(changes));
		assert.deepEqual(await store.accounts(), []);
	}
});

test("refused links bind nothing", async () => {
	for (const [status, error] of [[410, "link_used"], [410, "link_expired"], [422, "verification_refused"]]) {
		const store = memoryStore();
		const server = enroller({}, { "enrol/begin": () => refusal(status, error) });
		await assert.rejects(begin(store, asked, { fetch: server.fetch }), { code: error });
		assert.deepEqual(await store.accounts(), []);
	}
});

const biometric = async (others) => {
	const server = enroller({ verification: "biometric", state: "credential", credential: { n: 1 } }, others);
	const store = memoryStore();
	return { server, store, account: await begin(store, asked, { fetch: server.fetch }) };
};

test("a person who says no can try again", async () => {
	const { server, store, account } = await biometric();
	const refused = () => Promise.reject(new CeremonyError("refused"));
	await assert.rejects(makeCredential(store, account, { fetch: server.fetch, create: refused }), { kind: "refused" });
	assert.equal(step(await store.account("dev_1")), "credential");
	await makeCredential(store, account, { fetch: server.fetch, create: async () => made });
	assert.equal(step(account), "prove");
});

test("a credential that did not reach the server is sent again without asking the person again", async () => {
	let down = true;
	const { server, store, account } = await biometric({
		"enrol/credential": () => {
			if (down) {
				throw new TypeError("down");
			}
			return { state: "prove" };
		},
	});
	await assert.rejects(makeCredential(store, account, { fetch: server.fetch, create: async () => made }), { name: "Offline" });
	down = false;
	const resumed = await makeCredential(store, await store.account("dev_1"), { fetch: server.fetch, create: () => assert.fail("asked again") });
	assert.deepEqual([step(resumed), resumed.credential.id], ["prove", "AQID"]);
});

test("a credential that the server refuses is made anew", async () => {
	const { server, store, account } = await biometric({ "enrol/credential": () => refusal(422, "wrong_assertion") });
	let asked = 0;
	const create = async () => {
		asked += 1;
		return made;
	};
	await assert.rejects(makeCredential(store, account, { fetch: server.fetch, create }), { code: "wrong_assertion" });
	await assert.rejects(makeCredential(store, await store.account("dev_1"), { fetch: server.fetch, create }), { code: "wrong_assertion" });
	assert.equal(asked, 2);
});

test("a step whose answer was lost is done all the same", async () => {
	const refused = () => refusal(400, "invalid_request");
	const { server, store, account } = await biometric({
		"enrol/credential": refused, "enrol/prove": refused, "enrol/status": () => ({ state: step(account) === "credential" ? "prove" : "confirm" }),
	});
	await makeCredential(store, account, { fetch: server.fetch, create: async () => made });
	await prove(store, account, { fetch: server.fetch });
	assert.equal(step(account), "confirm");
});

test("a wrong passcode is said, and so is a refusal that is no lost answer", async () => {
	for (const [status, error] of [[422, "wrong_passcode"], [400, "invalid_request"]]) {
		const server = enroller({}, { "enrol/prove": () => refusal(status, error), "enrol/status": () => ({ state: "prove" }) });
		const store = memoryStore();
		const account = await begin(store, asked, { fetch: server.fetch });
		await assert.rejects(prove(store, account, { fetch: server.fetch }), { code: error });
		assert.equal(step(account), "prove");
	}
});

test("a device without a sensor offers a PIN", () => {
	assert.equal(wanted({ webauthn: true, platform: true }), "biometric");
	assert.equal(wanted({ webauthn: true, platform: false }), "pin");
	assert.equal(wanted({ webauthn: false, platform: false }), "pin");
});
