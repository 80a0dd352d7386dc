// Stand-ins for a browser's push service, registration and windows.

/** Sets a global for one test. */
export function withGlobal(t, name, value) {
	const before = Object.getOwnPropertyDescriptor(globalThis, name);
	Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
	t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
}

/** A push manager that gives a new endpoint for each subscription. */
export function fakeManager({ current = null, fail } = {}) {
	let made = 0;
	const manager = {
		current,
		log: [],
		getSubscription: async () => manager.current,
		async subscribe({ applicationServerKey, userVisibleOnly }) {
			manager.log.push("subscribe");
			if (fail) {
				return fail();
			}
			if (!userVisibleOnly) {
				throw new DOMException("silent", "NotAllowedError");
			}
			made += 1;
			manager.current = fakeSubscription(manager, `https://push.example/${made}`, applicationServerKey);
			return manager.current;
		},
	};
	return manager;
}

export function fakeSubscription(manager, endpoint, key) {
	return {
		endpoint,
		options: { applicationServerKey: new Uint8Array(key).buffer },
		toJSON: () => ({ endpoint, keys: { p256dh: "p", auth: "a" } }),
		async unsubscribe() {
			manager.log.push("unsubscribe");
			manager.current = null;
			return true;
		},
	};
}

/** A registration that keeps the notifications that it shows. */
export function fakeRegistration(pushManager = fakeManager()) {
	const shown = [];
	return {
		pushManager,
		shown,
		getNotifications: async () => [...shown],
		async showNotification(title, options) {
			const same = shown.findIndex(({ tag }) => options.tag && tag === options.tag);
			if (same >= 0) {
				shown.splice(same, 1);
			}
			const notification = { title, ...options, close: () => shown.splice(shown.indexOf(notification), 1) };
			shown.push(notification);
		},
	};
}

/** Windows that say what was done to them. */
export function fakeClients(...windows) {
	const opened = [];
	const all = windows.map((one) => {
		const told = [];
		return {
			visibilityState: "hidden", focused: false, ...one, told,
			postMessage: (message) => told.push(message),
			focus: async () => told.push("focus"),
		};
	});
	return { all, opened, matchAll: async () => all, openWindow: async (url) => opened.push(url), claim: async () => {} };
}
