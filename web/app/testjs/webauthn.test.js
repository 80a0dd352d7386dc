import assert from "node:assert/strict";
import { test } from "node:test";

import { createCredential, getAssertion, support } from "../static/app/webauthn.js";
import { withGlobal } from "./browser.js";
import { secret } from "./doubles.js";

const bytes = (...values) => new Uint8Array(values).buffer;

function scope({ hostname = "login.example.com", secure = true, available = async () => true, missing = false } = {}) {
	const PublicKeyCredential = missing ? undefined : Object.assign(() => {}, { isUserVerifyingPlatformAuthenticatorAvailable: available });
	return { location: { hostname }, isSecureContext: secure, PublicKeyCredential, navigator: { credentials: { create() {} } } };
}

test("what a browser can do, and why not", async () => {
	const no = (reason) => ({ webauthn: false, platform: false, reason });
	for (const [setup, want] of [
		[{}, { webauthn: true, platform: true, reason: "" }],
		[{ available: async () => false }, { webauthn: true, platform: false, reason: "" }],
		[{ available: () => Promise.reject(new Error("x")) }, { webauthn: true, platform: false, reason: "" }],
		[{ available: null }, { webauthn: true, platform: false, reason: "" }],
		[{ hostname: "192.0.2.7" }, no("ip-address")], [{ hostname: "[2001:db8::7]", secure: false }, no("ip-address")],
		[{ secure: false }, no("insecure")], [{ missing: true }, no("missing")], [{ hostname: "10.example.com" }, { webauthn: true, platform: true, reason: "" }],
	]) {
		assert.deepEqual(await support(scope(setup)), want, JSON.stringify(setup));
	}
});

/** Credentials of a browser, with or without the JSON methods of WebAuthn level 3. */
function browser(t, { json = true, fail, response }) {
	const asked = [];
	const answer = async (options) => {
		asked.push(options);
		if (fail) {
			throw new DOMException("no", fail);
		}
		return {
			id: "AQID", rawId: bytes(1, 2, 3), type: "public-key", authenticatorAttachment: "platform", response, getClientExtensionResults: () => ({}),
			...(json ? { toJSON: () => ({ id: "AQID", response: { transports: ["internal"] } }) } : {}),
		};
	};
	withGlobal(t, "navigator", { credentials: { create: answer, get: answer } });
	withGlobal(t, "PublicKeyCredential", json ? { parseCreationOptionsFromJSON: (options) => ({ parsed: options }) } : {});
	return asked;
}

const creation = {
	rp: { id: "login.example.com", name: "nod" }, user: { id: "AAEC", name: "alice", displayName: "Alice" }, challenge: "AwQF",
	pubKeyCredParams: [{ type: "public-key", alg: -7 }], excludeCredentials: [{ type: "public-key", id: "BgcI" }],
};

test("a credential is made with the server's options as they are", async (t) => {
	const asked = browser(t, {});
	assert.deepEqual(await createCredential(creation), {
		json: { id: "AQID", response: { transports: ["internal"] } }, id: "AQID", rpId: "login.example.com", transports: ["internal"],
	});
	assert.deepEqual(asked[0].publicKey, { parsed: creation });
});

test("without a name of its own the credential is for the page's host", async (t) => {
	browser(t, {});
	withGlobal(t, "location", { hostname: "here.example.com" });
	assert.equal((await createCredential({ ...creation, rp: { name: "nod" } })).rpId, "here.example.com");
});

test("browsers without the JSON methods get bytes and are read by hand", async (t) => {
	const response = { clientDataJSON: bytes(1), attestationObject: bytes(2), getTransports: () => ["internal"] };
	const asked = browser(t, { json: false, response });
	const { json, transports } = await createCredential(creation);
	assert.deepEqual(json, {
		id: "AQID", rawId: "AQID", type: "public-key", authenticatorAttachment: "platform", clientExtensionResults: {},
		response: { clientDataJSON: "AQ", attestationObject: "Ag", transports: ["internal"] },
	});
	assert.deepEqual(transports, ["internal"]);
	const { publicKey } = asked[0];
	assert.deepEqual([publicKey.challenge, publicKey.user.id, publicKey.excludeCredentials[0].id],
		[new Uint8Array([3, 4, 5]), new Uint8Array([0, 1, 2]), new Uint8Array([6, 7, 8])]);
	assert.deepEqual(publicKey.pubKeyCredParams, creation.pubKeyCredParams);
});

test("an assertion is asked of this device's one credential, over the hash, with the person verified", async (t) => {
	const response = { clientDataJSON: bytes(1), authenticatorData: bytes(2), signature: bytes(3), userHandle: null };
	const asked = browser(t, { json: false, response });
	const json = await getAssertion({ id: "AQID", rpId: "login.example.com", transports: ["internal"] }, secret(0));
	assert.deepEqual(json.response, { clientDataJSON: "AQ", authenticatorData: "Ag", signature: "Aw" });
	assert.deepEqual(asked[0].publicKey, {
		challenge: secret(0), rpId: "login.example.com", userVerification: "required", timeout: 60_000,
		allowCredentials: [{ type: "public-key", id: new Uint8Array([1, 2, 3]), transports: ["internal"] }],
	});
});

test("a person who says no is told apart from a browser that cannot", async (t) => {
	for (const [fail, kind] of [["NotAllowedError", "refused"], ["AbortError", "refused"], ["SecurityError", "other"], ["InvalidStateError", "other"]]) {
		browser(t, { fail });
		await assert.rejects(createCredential(creation), { name: "CeremonyError", kind });
		await assert.rejects(getAssertion({ id: "AQID", rpId: "x", transports: [] }, secret(0)), { name: "CeremonyError", kind });
	}
});
