import { typedPasscode } from "../otp.js";
import { ways } from "../answering.js";
import { drawNotices } from "./notices.js";
import { pushValues, switchedOn, workPush } from "./pushrow.js";
import { show } from "./screens.js";
import { snoozeValues, workSnooze } from "./snoozerow.js";
import { halves } from "./words.js";

/**
 * The first screen: one account at a time, its passcode, and how it is reached.
 * @param {import("./app.js").App} app
 * @param {string} [deviceId] the account to begin with
 * @returns {import("./screens.js").Screen}
 */
export function home(app, deviceId) {
	let device = deviceId;
	const screen = show("home", values());
	const switched = screen.find("push-switch");
	let shownCode = "";

	const chosen = () => app.accounts[index()];
	screen.on("account-previous", () => turn(-1));
	screen.on("account-next", () => turn(1));
	screen.on("account-add", () => app.go.add());
	screen.on("account-forget", () => app.go.forget(chosen()));
	screen.on("enrol-resume", () => app.go.join(chosen()));
	screen.on("request-open", () => {
		const [account, request] = firstWaiting(app);
		app.go.request(account, request.id);
	});
	workPush(app, screen, chosen);
	workSnooze(app, screen, chosen);
	document.addEventListener("keydown", byKeys, { signal: screen.signal });
	app.changes.addEventListener("change", draw, { signal: screen.signal });
	const ticker = setInterval(tick, 1000);
	screen.signal.addEventListener("abort", () => clearInterval(ticker));
	draw();
	return screen;

	function index() {
		return Math.max(0, app.accounts.findIndex((account) => account.deviceId === device));
	}

	function turn(by) {
		const { length } = app.accounts;
		device = app.accounts[(index() + by + length) % length].deviceId;
		app.store.set("account", device);
		draw();
	}

	function byKeys(event) {
		const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
		if (by && app.accounts.length > 1 && !event.altKey && !event.ctrlKey && !event.metaKey) {
			turn(by);
		}
	}

	function draw() {
		if (app.accounts.length === 0) {
			app.go.home();
			return;
		}
		const account = chosen();
		device = account.deviceId;
		screen.main.dataset.account = account.deviceId;
		screen.main.dataset.accountState = stateOf(account);
		screen.fill(values());
		screen.find("offline").hidden = app.online;
		switched.setAttribute("aria-checked", String(switchedOn(account)));
		drawNotices(app, screen);
		tick();
	}

	function values() {
		const account = app.accounts[index()];
		const state = stateOf(account);
		const waiting = Boolean(firstWaiting(app));
		return {
			account: account.account.name,
			person: account.account.displayName || account.account.name,
			place: index() + 1, count: app.accounts.length, several: app.accounts.length > 1,
			device: account.name,
			state,
			verify: verifyOf(account),
			waiting,
			// Said only where it is known.
			none: !waiting && app.online && state === "active",
			...pushOf(account),
		};
	}

	async function tick() {
		const account = chosen();
		if (!account?.typedSecret) {
			return;
		}
		const { digits, left } = await typedPasscode(account.typedSecret, Date.now() + account.offset);
		if (screen.signal.aborted || account !== chosen()) {
			return;
		}
		const seconds = Math.ceil(left / 1000);
		screen.fill({ passcode: halves(digits), left: seconds, ...pushOf(account) });
		screen.main.querySelector("[data-ring]").setAttribute("stroke-dashoffset", String(30 - seconds));
		if (digits !== shownCode) {
			shownCode = digits;
			screen.find("typed-passcode").dataset.digits = digits;
		}
	}
}

/** @param {import("../store.js").Account} account */
function pushOf(account) {
	return account.state === "active" ? { ...pushValues(account), ...snoozeValues(account) } : { badge: "" };
}

/** @param {import("../store.js").Account} account */
function stateOf({ state }) {
	return ["active", "suspended", "gone"].includes(state) ? state : "joining";
}

/** @param {import("../store.js").Account} account */
function verifyOf(account) {
	const all = account.key ? ways(account) : [];
	if (all.includes("assertion")) {
		return all.includes("pin") ? "either" : "biometric";
	}
	return all[0] ?? "";
}

/**
 * The first request that is open, with its account.
 * @param {import("./app.js").App} app
 * @param {(request: import("../approval.js").Request) => boolean} [wanted]
 * @returns {[import("../store.js").Account, import("../approval.js").Request] | null}
 */
export function firstWaiting(app, wanted = () => true) {
	for (const account of app.accounts) {
		const request = app.waiting.get(account.deviceId)?.requests.find(wanted);
		if (request) {
			return [account, request];
		}
	}
	return null;
}
