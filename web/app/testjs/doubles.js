// Small stand-ins for what only a browser or a server has.
import { readFileSync } from "node:fs";

import { fromBase64url, sha256, toBase64url, utf8 } from "../static/app/bytes.js";
import { createKey, fingerprint, importSecret, publicJWK } from "../static/app/keys.js";

export const publicURL = "https://login.example.com";

/** @param {string} name of a file of test vectors */
export function vectors(name) {
	return JSON.parse(readFileSync(new URL(`../../../devices/protocol/testdata/${name}.json`, import.meta.url), "utf8"));
}

/** A store in memory. As in a database, what goes in and what comes out are copies. */
export function memoryStore(...accounts) {
	const all = new Map(accounts.map((account) => [account.deviceId, { ...account }]));
	const settings = new Map();
	return {
		accounts: async () => [...all.values()].map((account) => ({ ...account })),
		account: async (id) => all.get(id) && { ...all.get(id) },
		async put(account) {
			all.set(account.deviceId, { ...account });
			return account;
		},
		async patch(id, changes) {
			const account = all.get(id);
			if (!account) {
				return undefined;
			}
			Object.assign(account, typeof changes === "function" ? changes(account) : changes);
			return { ...account };
		},
		remove: async (id) => void all.delete(id),
		get: async (name) => settings.get(name),
		set: async (name, value) => void settings.set(name, value),
	};
}

/** An active account, with a real key and known secrets. */
export async function newAccount(changes = {}) {
	const key = await createKey();
	const publicJwk = await publicJWK(key);
	return {
		deviceId: "dev_1", issuer: publicURL, publicURL, account: { id: "usr_1", name: "alice", displayName: "Alice" },
		name: "Alice's Pixel", verification: "plain", matchDigits: 0, key, publicJwk, fingerprint: await fingerprint(publicJwk),
		pushSecret: await importSecret(secret(0)), typedSecret: await importSecret(secret(32)), pin: null, credential: null,
		state: "active", pushKey: null, channel: null, reported: "", offset: 0, createdAt: "2026-03-01T12:00:00.000Z", pending: null,
		...changes,
	};
}

/** 32 bytes that count up. */
export function secret(first) {
	return Uint8Array.from({ length: 32 }, (_, i) => first + i);
}

export function newRequest(changes = {}) {
	return {
		id: "chl_1", nonce: "bm9uY2U", client: { id: "mail", name: "Mail" }, account: "usr_1",
		context: { client_name: "Mail", ip: "203.0.113.7", place: "Zürich, CH", browser: "Firefox 140", os: "Linux", at: "2026-03-01T12:00:00.000Z" },
		match_digits: 0, state: "pending", created_at: "2026-03-01T12:00:00.000Z", expires_at: "2026-03-01T12:02:00.000Z", ...changes,
	};
}

/**
 * A server that checks every signature before it lets answer() speak.
 * @param {(verb: string, message: any, seen: {proof: any, header: any, init: RequestInit}) => any} answer returns a body,
 *   or {status, body, headers}, or throws what the network throws
 */
export function fakeServer(answer) {
	const seen = [];
	async function fetch(url, init) {
		const verb = url.slice(`${publicURL}/device/v1/`.length);
		const [header, message] = await openJWS(init.body, init.headers.DPoP);
		const proof = await checkedProof(init.headers.DPoP, url, init.body);
		seen.push({ verb, message, header, proof, init });
		const said = await answer(verb, message, { header, proof, init });
		if (said instanceof Response) {
			return said;
		}
		const { status = 200, body = said, headers = {} } = said?.status ? said : {};
		return new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });
	}
	return { fetch, seen, verbs: () => seen.map(({ verb }) => verb) };
}

export function refusal(status, error, more = {}) {
	return { status, body: { error, message: "no", server_time: new Date().toISOString(), ...more } };
}

/** Verifies a compact JWS under the key that the proof carries. */
export async function openJWS(text, proof) {
	const [head] = proof.split(".");
	const { jwk } = decode(head);
	const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
	const [header, payload, signature] = text.split(".");
	const good = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, fromBase64url(signature), utf8(`${header}.${payload}`));
	if (!good) {
		throw new Error("the signature does not hold");
	}
	return [decode(header), decode(payload)];
}

async function checkedProof(text, url, body) {
	const [header, claims] = await openJWS(text, text);
	const bh = toBase64url(await sha256(utf8(body)));
	if (header.typ !== "dpop+jwt" || claims.htm !== "POST" || claims.htu !== url || claims.bh !== bh || !/^[!-~]{16,64}$/.test(claims.jti)) {
		throw new Error("the proof does not fit the request");
	}
	return claims;
}

export function decode(part) {
	return JSON.parse(new TextDecoder().decode(fromBase64url(part)));
}

/** Waits for nothing and remembers for how long it was asked to. */
export function noWait() {
	const waited = [];
	const wait = async (time, signal) => {
		waited.push(time);
		await new Promise((resolve) => setImmediate(resolve));
		signal?.throwIfAborted();
	};
	return { wait, waited };
}
