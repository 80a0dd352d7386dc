/**
 * Whether this browser knows passkeys at all. What authenticators there are it tells nobody.
 * @returns {boolean}
 */
export function knowsPasskeys() {
	return isSecureContext && typeof PublicKeyCredential === "function" && Boolean(navigator.credentials?.get);
}

/**
 * Whether a passkey can be offered among the suggestions for a field.
 * @returns {Promise<boolean>}
 */
export async function suggestsPasskeys() {
	try {
		return (await PublicKeyCredential.isConditionalMediationAvailable?.()) === true;
	} catch {
		return false;
	}
}

/**
 * Asks for a passkey. Without a dialog of the browser's own it waits until somebody picks one from the suggestions.
 * @param {any} options PublicKeyCredentialRequestOptionsJSON
 * @param {{signal?: AbortSignal, mediation?: CredentialMediationRequirement}} [extra]
 * @returns {Promise<string>} AuthenticationResponseJSON
 */
export async function usePasskey(options, extra = {}) {
	const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(options) ?? {
		...options,
		challenge: bytes(options.challenge),
		allowCredentials: (options.allowCredentials ?? []).map(known),
	};
	const credential = await navigator.credentials.get({ publicKey, ...extra });
	const { response } = credential;
	return written(credential, () => ({
		clientDataJSON: text(response.clientDataJSON),
		authenticatorData: text(response.authenticatorData),
		signature: text(response.signature),
		...(response.userHandle ? { userHandle: text(response.userHandle) } : {}),
	}));
}

/**
 * Makes a passkey. Call it from the press of a button.
 * @param {any} options PublicKeyCredentialCreationOptionsJSON
 * @returns {Promise<string>} RegistrationResponseJSON
 */
export async function makePasskey(options) {
	const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(options) ?? {
		...options,
		challenge: bytes(options.challenge),
		user: { ...options.user, id: bytes(options.user.id) },
		excludeCredentials: (options.excludeCredentials ?? []).map(known),
	};
	const credential = await navigator.credentials.create({ publicKey });
	const { response } = credential;
	return written(credential, () => ({
		clientDataJSON: text(response.clientDataJSON),
		attestationObject: text(response.attestationObject),
		transports: response.getTransports?.() ?? [],
	}));
}

// Browsers write a credential down themselves since 2024 or so; older ones need it done by hand.
function written(credential, response) {
	const json = credential.toJSON?.() ?? {
		id: credential.id,
		rawId: text(credential.rawId),
		type: credential.type,
		authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
		clientExtensionResults: credential.getClientExtensionResults(),
		response: response(),
	};
	return JSON.stringify(json);
}

function known(descriptor) {
	return { ...descriptor, id: bytes(descriptor.id) };
}

function bytes(base64url) {
	return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}

function text(buffer) {
	const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
	return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
