/**
 * @typedef {{subscription: PushSubscription | object} | {blocked: "denied" | "default" | "unsupported" | "unreachable"}} Result
 */

/**
 * @returns {"granted" | "denied" | "default" | "unsupported"}
 */
export function permission() {}

/**
 * Asks the person. Call it from the tap itself.
 * @returns {Promise<"granted" | "denied" | "default" | "unsupported">}
 */
export async function askPermission() {}

/**
 * Subscribes, or finds the subscription that is there. It never asks the person.
 * @param {ServiceWorkerRegistration} registration
 * @param {string | null} pushKey
 * @param {{timeout?: number}} [options]
 * @returns {Promise<Result>}
 */
export async function subscribe(registration, pushKey, options = {}) {}

/**
 * Tells the server about a result.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {Result} result
 * @param {import("./api.js").Options} [options]
 * @returns {Promise<import("./store.js").Channel>}
 */
export async function report(store, account, result, options = {}) {}

/**
 * Brings the server up to date, each time the app opens: a subscription that has changed, was blocked in the system's
 * settings or was dropped by the push service is told for every account.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account[]} accounts
 * @param {ServiceWorkerRegistration} registration
 * @returns {Promise<Result>}
 */
export async function refresh(store, accounts, registration) {}

/**
 * The person's switch.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {boolean} on
 * @returns {Promise<import("./store.js").Channel>}
 */
export async function setPush(store, account, on, options = {}) {}
