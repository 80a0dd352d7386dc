/**
 * What this browser can do. It does not go by getClientCapabilities, which says no where the answer is yes.
 * @returns {Promise<{webauthn: boolean, platform: boolean, reason: "" | "insecure" | "ip-address" | "missing"}>} platform:
 *   whether there is an authenticator in this device that verifies the person; reason: why webauthn is false
 */
export async function support() {}

/**
 * Registers a credential. Call it from the tap itself.
 * @param {object} options PublicKeyCredentialCreationOptionsJSON
 * @returns {Promise<{json: object, id: string, rpId: string, transports: string[]}>}
 * @throws {import("./errors.js").CeremonyError}
 */
export async function createCredential(options) {}

/**
 * Signs a hash with finger, face or the device's own PIN.
 * @param {{id: string, rpId: string, transports: string[]}} credential
 * @param {Uint8Array} hash
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<object>} AuthenticationResponseJSON
 * @throws {import("./errors.js").CeremonyError}
 */
export async function getAssertion(credential, hash, options = {}) {}
