const prefix = "nod-";
const patience = 3000;

/**
 * The app's own files, kept so that it opens without network.
 * @typedef {{release: string, page: string, shell: string[], caches: CacheStorage, fetch: typeof fetch}} Shell
 */

/**
 * Fetches the files of this release.
 * @param {Shell} shell
 */
export async function fillCache({ release, shell, caches }) {
	const cache = await caches.open(prefix + release);
	// Past the browser's own cache, so that the page is of this very release.
	await cache.addAll(shell.map((address) => new Request(address, { cache: "reload", credentials: "omit" })));
}

/**
 * Deletes the files of other releases.
 * @param {Shell} shell
 */
export async function dropOldCaches({ release, caches }) {
	const names = await caches.keys();
	await Promise.all(names.filter((name) => name.startsWith(prefix) && name !== prefix + release).map((name) => caches.delete(name)));
}

/**
 * How a request is answered: by the network first, by the cache first, or not by the worker at all. The device
 * protocol and the login's pages always go to the network.
 * @param {{method: string, mode: string, url: string}} request
 * @param {string} page the app's path
 * @param {string} origin
 * @returns {"network" | "cache" | null}
 */
export function strategy({ method, mode, url }, page, origin) {
	const address = new URL(url);
	if (method !== "GET" || address.origin !== origin) {
		return null;
	}
	if (mode === "navigate" && address.pathname.startsWith(page)) {
		return "network";
	}
	return mode !== "navigate" && address.pathname.startsWith("/static/") ? "cache" : null;
}

/**
 * The page from the network, or as it was kept when the network or the server is down or slow.
 * @param {Shell} shell
 * @param {Request} request
 * @param {number} [timeout] milliseconds
 * @returns {Promise<Response>}
 */
export async function networkFirst(shell, request, timeout = patience) {
	const kept = async () => (await shell.caches.open(prefix + shell.release)).match(shell.page, { ignoreVary: true });
	const fetching = shell.fetch(request);
	fetching.catch(() => {}); // it may fail long after the cache has answered
	let timer = 0;
	const late = new Promise((resolve) => {
		timer = setTimeout(() => resolve(null), timeout);
	});
	try {
		const response = await Promise.race([fetching, late]);
		if (response && response.status < 500) {
			return response;
		}
	} catch {
		// answered below, from the cache
	} finally {
		clearTimeout(timer);
	}
	return (await kept()) ?? fetching;
}

/**
 * @param {Shell} shell
 * @param {Request} request
 * @returns {Promise<Response>}
 */
export async function cacheFirst(shell, request) {
	const cache = await shell.caches.open(prefix + shell.release);
	return (await cache.match(request, { ignoreVary: true })) ?? shell.fetch(request);
}
