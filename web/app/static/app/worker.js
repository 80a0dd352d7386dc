import { click } from "./click.js";
import { cacheFirst, dropOldCaches, fillCache, networkFirst, strategy } from "./shell.js";
import { openStore } from "./store.js";
import { texts } from "./texts.js";
import { closeNotification, resubscribe, wake } from "./wake.js";

/**
 * Makes a service worker of the script that calls it. All listeners are added at once, as browsers demand.
 * @param {{
 *   release: string, names the cache
 *   page: string, the app's path, such as "/app/"
 *   shell: string[], addresses of what is kept for use without network, the page among them
 *   icon?: string, badge?: string, addresses of pictures for notifications
 *   texts?: Partial<typeof texts>,
 * }} options
 * @param {any} [scope] the worker's own
 * @param {typeof openStore} [open]
 */
export function serve(options, scope = self, open = openStore) {
	let opening;
	const worker = {
		page: options.page,
		icon: options.icon,
		badge: options.badge,
		texts: { ...texts, ...options.texts },
		registration: scope.registration,
		clients: scope.clients,
		// Opened when first needed, and again if that failed: a worker lives for seconds or for days.
		store() {
			opening ??= open().catch((error) => {
				opening = undefined;
				throw error;
			});
			return opening;
		},
		fetch: (...request) => scope.fetch(...request),
	};
	const shell = { ...options, caches: scope.caches, fetch: worker.fetch };

	scope.addEventListener("install", (event) => {
		scope.skipWaiting();
		event.waitUntil(fillCache(shell));
	});
	scope.addEventListener("activate", (event) => {
		event.waitUntil(Promise.all([dropOldCaches(shell), scope.clients.claim()]));
	});
	scope.addEventListener("fetch", (event) => {
		const way = strategy(event.request, options.page, scope.location.origin);
		if (way === "network") {
			event.respondWith(networkFirst(shell, event.request));
		} else if (way === "cache") {
			event.respondWith(cacheFirst(shell, event.request));
		}
	});
	scope.addEventListener("push", (event) => event.waitUntil(wake(worker, payload(event))));
	scope.addEventListener("notificationclick", (event) => {
		event.waitUntil(click(worker, event.notification, event.action ?? ""));
	});
	scope.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(resubscribe(worker)));
	scope.addEventListener("message", (event) => {
		const { type, request } = event.data ?? {};
		if (type === "shown" || type === "over") {
			event.waitUntil(closeNotification(worker, request));
		}
	});
}

function payload(event) {
	try {
		return event.data?.json() ?? {};
	} catch {
		return {};
	}
}
