import { Offline } from "../errors.js";
import { follow } from "../stream.js";
import { requests } from "../sync.js";

const pollEvery = 2000;

/**
 * Keeps what is open for every account up to date while somebody looks at the page, and not otherwise: by a stream
 * each, and by asking every two seconds where a stream does not work.
 * @param {import("./app.js").App} app
 */
export function watch(app) {
	/** @type {Map<string, () => void>} */
	const followed = new Map();
	const looking = new Map();

	app.follow = () => {
		if (document.visibilityState !== "visible") {
			return;
		}
		for (const account of app.accounts) {
			const live = account.state === "active" || account.state === "suspended";
			if (live && !followed.has(account.deviceId)) {
				followed.set(account.deviceId, begin(account));
			}
		}
		for (const [device, stop] of followed) {
			if (!app.accounts.some((account) => account.deviceId === device)) {
				stop();
			}
		}
	};

	document.addEventListener("visibilitychange", async () => {
		if (document.visibilityState !== "visible") {
			followed.forEach((stop) => stop());
			return;
		}
		// Meanwhile the worker may have learned something.
		await app.reload();
		app.follow();
	});
	addEventListener("online", () => app.accounts.forEach(({ deviceId }) => look(deviceId)));
	addEventListener("offline", () => setOnline(false));
	app.follow();

	function begin({ deviceId }) {
		const end = new AbortController();
		let poller = 0;
		const stop = () => {
			clearInterval(poller);
			end.abort();
			if (followed.get(deviceId) === stop) {
				followed.delete(deviceId);
			}
		};
		const ask = () => look(deviceId, end.signal);
		ask();
		follow(app.store, find(deviceId), ask, {
			signal: end.signal,
			onState(state) {
				clearInterval(poller);
				poller = state === "down" ? setInterval(ask, pollEvery) : 0;
			},
		}).finally(() => {
			clearInterval(poller);
			// The device may have been suspended or removed, which the store knows.
			app.reload();
		});
		return stop;
	}

	// Asked again while an answer is under way, it asks once more after it: the answer may be older than the change.
	async function look(deviceId, signal) {
		if (looking.has(deviceId)) {
			looking.set(deviceId, true);
			return;
		}
		looking.set(deviceId, false);
		const account = find(deviceId);
		try {
			if (account?.key) {
				const { requests: open, notices } = await requests(app.store, account, { signal });
				app.waiting.set(deviceId, { requests: open, notices });
				setOnline(true);
			}
		} catch (error) {
			if (error instanceof Offline) {
				setOnline(false);
			} else if (!signal?.aborted) {
				app.waiting.delete(deviceId);
			}
		}
		const again = looking.get(deviceId);
		looking.delete(deviceId);
		app.changed();
		if (again && !signal?.aborted) {
			look(deviceId, signal);
		}
	}

	function setOnline(online) {
		if (app.online !== online) {
			app.online = online;
			app.changed();
		}
	}

	function find(deviceId) {
		return app.accounts.find((account) => account.deviceId === deviceId);
	}
}
