const address = "/app/worker.js";

// The page's policy demands that addresses of scripts come from a named maker. This one makes a single address.
const trusted = globalThis.trustedTypes?.createPolicy("nod-app", {
	createScriptURL(url) {
		if (url !== address) {
			throw new TypeError("not the worker's address");
		}
		return url;
	},
});

/**
 * Installs the worker, or finds it installed.
 * @returns {Promise<ServiceWorkerRegistration | null>} ready to subscribe; null where there are no workers
 */
export async function register() {
	if (!("serviceWorker" in navigator)) {
		return null;
	}
	try {
		await navigator.serviceWorker.register(trusted ? trusted.createScriptURL(address) : address, {
			type: "module", scope: "/app/", updateViaCache: "none",
		});
		return await navigator.serviceWorker.ready;
	} catch {
		// In private windows, for one. Everything but being woken and opening offline works all the same.
		return null;
	}
}

/**
 * Hears when a notification was tapped while the page is open.
 * @param {(device: string, request: string) => unknown} open
 */
export function hearTaps(open) {
	navigator.serviceWorker?.addEventListener("message", ({ data }) => {
		if (data?.type === "open") {
			open(String(data.device ?? ""), String(data.request ?? ""));
		}
	});
	navigator.serviceWorker?.startMessages?.();
}

/**
 * Tells the worker that a request is on screen, or over: its notification has done its work.
 * @param {Promise<ServiceWorkerRegistration | null>} registration
 * @param {"shown" | "over"} type
 * @param {string} request
 */
export async function tell(registration, type, request) {
	(await registration)?.active?.postMessage({ type, request });
}
