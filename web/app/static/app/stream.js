/**
 * Follows an account's stream until the signal ends it or the device is suspended or removed.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {() => unknown} onChange called on each change and after each time the stream was opened: ask `requests`
 * @param {{signal?: AbortSignal, onState?: (state: "open" | "down") => unknown}} [options] onState: "down" from the
 *   first failure until it is open again; meanwhile ask every two seconds
 * @returns {Promise<"aborted" | "device_suspended" | "unknown_device">} why it stopped
 */
export async function follow(store, account, onChange, options = {}) {}
