// What node cannot tell: whether a browser's database, keys and authenticator do what the modules rely on. Each
// function is called by a page of a real browser and throws what is not as it should be.
import { fromBase64url } from "/static/app/bytes.js";
import { createKey, importSecret, publicJWK } from "/static/app/keys.js";
import { signRequest } from "/static/app/jws.js";
import { typedPasscode } from "/static/app/otp.js";
import { openPIN, sealPIN } from "/static/app/pin.js";
import { openStore } from "/static/app/store.js";
import { createCredential, getAssertion, support } from "/static/app/webauthn.js";

const userVerified = 4;

function same(got, want, what) {
	if (JSON.stringify(got) !== JSON.stringify(want)) {
		throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
	}
}

async function newAccount(deviceId, createdAt) {
	const key = await createKey();
	return {
		deviceId, createdAt, key, publicJwk: await publicJWK(key), state: "active", offset: 0, name: "",
		typedSecret: await importSecret(new Uint8Array(32)), pin: { salt: new Uint8Array(16), iterations: 1, sealed: new Uint8Array(32) },
	};
}

/** Fills the database; what is in it is looked at after the page was loaded again. */
export async function keepAccounts() {
	const store = await openStore();
	await store.put(await newAccount("dev_2", "2026-03-02T12:00:00.000Z"));
	await store.put(await newAccount("dev_1", "2026-03-01T12:00:00.000Z"));
	await store.put(await newAccount("dev_3", "2026-03-03T12:00:00.000Z"));
	await store.remove("dev_3");
	await store.set("shown", "dev_2");
}

export async function findAccounts() {
	const store = await openStore();
	const accounts = await store.accounts();
	same(accounts.map(({ deviceId }) => deviceId), ["dev_1", "dev_2"], "accounts in the order of their enrolment");
	same(await store.get("shown"), "dev_2", "a setting");
	same(await store.account("dev_3"), undefined, "a removed account");
	const { key, publicJwk, typedSecret, pin } = accounts[0];
	same([key.privateKey.extractable, typedSecret.extractable], [false, false], "what can be read of the keys");
	const unreadable = await crypto.subtle.exportKey("pkcs8", key.privateKey).then(() => "", (error) => error.name);
	same(unreadable, "InvalidAccessError", "reading the key");
	const { body } = await signRequest({ key, publicJwk, deviceId: "dev_1" }, "https://x.example", "requests", {}, 0);
	const [header, payload, signature] = body.split(".");
	const text = new TextEncoder().encode(`${header}.${payload}`);
	const good = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key.publicKey, fromBase64url(signature), text);
	same(good, true, "a signature by a key from the database");
	same((await typedPasscode(typedSecret, 0)).digits.length, 6, "a passcode by a secret from the database");
	same(Object.prototype.toString.call(pin.sealed), "[object Uint8Array]", "bytes stay bytes");
}

/** Page and worker change the same record at the same time. */
export async function changeTogether() {
	const [page, worker] = [await openStore(), await openStore()];
	const count = (account) => ({ offset: account.offset + 1 });
	await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? page : worker).patch("dev_1", count)));
	const changed = await page.patch("dev_1", { name: "Pixel" });
	same([changed.offset, changed.name], [40, "Pixel"], "forty changes by two");
	same((await worker.account("dev_1")).name, "Pixel", "what the other sees");
	same(await page.patch("dev_9", { name: "nobody" }), undefined, "changing an account that is not there");
	same((await page.accounts()).length, 2, "accounts after that");
	page.close();
	same((await page.accounts()).length, 2, "accounts by a connection that was cut");
}

export async function sealAndOpen() {
	const [salt, half] = [new Uint8Array(16), new Uint8Array(32).fill(7)];
	const seal = await sealPIN(new Uint8Array(32).fill(9), "190384", salt, half);
	const mac = async (key) => Array.from(new Uint8Array(await crypto.subtle.sign("HMAC", key, salt)));
	same(await mac(await openPIN(seal, "190384", half)), await mac(await importSecret(new Uint8Array(32).fill(9))), "the secret that the PIN opens");
}

/**
 * The ceremonies, with the browser's own JSON and without.
 * @param {{authenticatorAttachment?: "platform"}} selection
 */
export async function ceremonies(selection) {
	same(await support(), { webauthn: true, platform: true, reason: "" }, "what this browser can do");
	for (const own of [true, false]) {
		if (!own) {
			delete PublicKeyCredential.parseCreationOptionsFromJSON;
			delete PublicKeyCredential.prototype.toJSON;
		}
		const made = await createCredential(creation(own ? "alice" : "bob", selection));
		same([made.rpId, made.json.id, made.transports.includes("internal")], ["localhost", made.id, true], "the credential");
		const hash = crypto.getRandomValues(new Uint8Array(32));
		const { id, response } = await getAssertion(made, hash);
		const client = JSON.parse(new TextDecoder().decode(fromBase64url(response.clientDataJSON)));
		same([id, client.type, Array.from(fromBase64url(client.challenge))], [made.id, "webauthn.get", Array.from(hash)], "what was signed");
		same(fromBase64url(response.authenticatorData)[32] & userVerified, userVerified, "the person was verified");
	}
}

/** The reader does not recognise the person any more. */
export async function ceremonyRefused(selection) {
	const refused = await createCredential(creation("carol", selection)).catch((error) => error);
	same([refused.name, refused.kind], ["CeremonyError", "refused"], "another finger");
}

function creation(name, selection) {
	return {
		rp: { id: "localhost", name: "nod" }, user: { id: "AAEC", name, displayName: "" }, challenge: "AwQFBgcICQoLDA0ODxAREg",
		pubKeyCredParams: [{ type: "public-key", alg: -7 }], attestation: "none", excludeCredentials: [],
		authenticatorSelection: { ...selection, residentKey: "discouraged", userVerification: "required" }, timeout: 10_000,
	};
}
