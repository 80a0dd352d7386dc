import { fromBase64url, toBase64url } from "./bytes.js";
import { CeremonyError } from "./errors.js";

const oneMinute = 60_000;

/**
 * What this browser can do. It does not go by getClientCapabilities, which says no where the answer is yes.
 * @param {any} [scope] the window
 * @returns {Promise<{webauthn: boolean, platform: boolean, reason: "" | "insecure" | "ip-address" | "missing"}>} platform:
 *   whether an authenticator in this device verifies the person; reason: why webauthn is false
 */
export async function support(scope = globalThis) {
	const no = (reason) => ({ webauthn: false, platform: false, reason });
	// An address first: it is what the operator can change, and over http it is insecure besides.
	if (isAddress(scope.location.hostname)) {
		return no("ip-address");
	}
	if (!scope.isSecureContext) {
		return no("insecure");
	}
	if (typeof scope.PublicKeyCredential !== "function" || !scope.navigator.credentials?.create) {
		return no("missing");
	}
	const asks = scope.PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable;
	const platform = await Promise.resolve(asks?.call(scope.PublicKeyCredential)).catch(() => false);
	return { webauthn: true, platform: platform === true, reason: "" };
}

/**
 * Registers a credential. Call it from the tap itself.
 * @param {any} options PublicKeyCredentialCreationOptionsJSON
 * @param {{signal?: AbortSignal}} [extra]
 * @returns {Promise<{json: object, id: string, rpId: string, transports: string[]}>}
 * @throws {CeremonyError}
 */
export async function createCredential(options, { signal } = {}) {
	const publicKey = creationOptions(options);
	const credential = await ceremony(() => navigator.credentials.create({ publicKey, signal }));
	const json = registrationJSON(credential);
	return {
		json,
		id: toBase64url(credential.rawId),
		// Left out, it is the page's own host; an assertion has to name it all the same.
		rpId: options.rp?.id ?? location.hostname,
		transports: json.response.transports ?? [],
	};
}

/**
 * Signs a hash with finger, face or the device's own PIN. Call it from the tap, without asking the network before.
 * @param {{id: string, rpId: string, transports: string[]}} credential
 * @param {Uint8Array} hash
 * @param {{signal?: AbortSignal}} [extra]
 * @returns {Promise<object>} AuthenticationResponseJSON
 * @throws {CeremonyError}
 */
export async function getAssertion({ id, rpId, transports }, hash, { signal } = {}) {
	const publicKey = {
		challenge: hash,
		rpId,
		allowCredentials: [{ type: "public-key", id: fromBase64url(id), ...(transports.length > 0 ? { transports } : {}) }],
		userVerification: "required",
		timeout: oneMinute,
	};
	return assertionJSON(await ceremony(() => navigator.credentials.get({ publicKey, signal })));
}

async function ceremony(begin) {
	let credential;
	try {
		credential = await begin();
	} catch (error) {
		throw new CeremonyError(["NotAllowedError", "AbortError"].includes(error?.name) ? "refused" : "other", error);
	}
	if (!credential) {
		throw new CeremonyError("other", new TypeError("no credential"));
	}
	return credential;
}

function creationOptions(options) {
	const parse = globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON;
	if (parse) {
		return parse.call(PublicKeyCredential, options);
	}
	return {
		...options,
		challenge: fromBase64url(options.challenge),
		user: { ...options.user, id: fromBase64url(options.user.id) },
		excludeCredentials: (options.excludeCredentials ?? []).map((known) => ({ ...known, id: fromBase64url(known.id) })),
	};
}

function registrationJSON(credential) {
	const { response } = credential;
	return credential.toJSON?.() ?? common(credential, {
		clientDataJSON: toBase64url(response.clientDataJSON),
		attestationObject: toBase64url(response.attestationObject),
		transports: response.getTransports?.() ?? [],
	});
}

function assertionJSON(credential) {
	const { response } = credential;
	return credential.toJSON?.() ?? common(credential, {
		clientDataJSON: toBase64url(response.clientDataJSON),
		authenticatorData: toBase64url(response.authenticatorData),
		signature: toBase64url(response.signature),
		...(response.userHandle ? { userHandle: toBase64url(response.userHandle) } : {}),
	});
}

function common(credential, response) {
	return {
		id: credential.id,
		rawId: toBase64url(credential.rawId),
		type: credential.type,
		...(credential.authenticatorAttachment ? { authenticatorAttachment: credential.authenticatorAttachment } : {}),
		clientExtensionResults: credential.getClientExtensionResults?.() ?? {},
		response,
	};
}

function isAddress(host) {
	return /^[0-9.]+$/.test(host) || host.includes(":");
}
