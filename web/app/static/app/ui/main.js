// Brings the authenticator to life: decides which screen comes first, and moves between them.
import * as push from "../push.js";
import { step } from "../enrolment.js";
import { ProtocolError } from "../errors.js";
import { openStore } from "../store.js";
import { over } from "./answered.js";
import { accountOf, createApp } from "./app.js";
import { empty, link } from "./enrol.js";
import { forget } from "./forget.js";
import { firstWaiting, home } from "./home.js";
import { join } from "./join.js";
import { hearTaps } from "./registration.js";
import { request } from "./request.js";
import { shown } from "./screens.js";
import { holder } from "./holder.js";
import { watch } from "./watch.js";

// Where a request may take the screen by itself: nowhere the person is in the middle of something.
const free = ["home", "empty", "start"];

let refreshing = Promise.resolve();
// Devices that were subscribed anew since their push service dropped them: once for each time.
const renewed = new Set();

const app = createApp(await openStore());
app.accounts = await app.store.accounts();
app.go = {
	home: goHome,
	add: () => empty(app),
	link: (token) => link(app, token),
	join: (account) => join(app, account),
	forget: (account) => forget(app, account),
	request: goRequest,
	over: goOver,
};

await route();
watch(app);
app.changes.addEventListener("change", arrived);
addEventListener("hashchange", route);
hearTaps((device, id) => (id ? find(id, device) : free.includes(shown()) && goHome(device)));
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refreshPush());
refreshPush();

/** What the address asks for. The fragment is taken off it at once, as far as nobody needs it to reload. */
async function route() {
	const fragment = location.hash.slice(1);
	const asked = new URLSearchParams(fragment);
	if (asked.has("request")) {
		history.replaceState(null, "", "/app/");
		await find(asked.get("request"), asked.get("device") ?? "", asked.get("login") ?? "");
	} else if (fragment.startsWith("nol_")) {
		app.go.link(fragment);
	} else if (shown() === "start") {
		const unfinished = app.accounts.findLast((account) => step(account) !== "done");
		unfinished ? app.go.join(unfinished) : goHome();
	}
}

async function goHome(deviceId) {
	const next = firstWaiting(app, ({ id }) => !app.seen.has(id));
	if (app.accounts.length === 0) {
		empty(app);
	} else if (next) {
		await goRequest(next[0], next[1].id);
	} else {
		home(app, deviceId ?? await app.store.get("account"));
	}
}

/** Shows a request, or says why it cannot be shown. */
async function goRequest(account, id, login = "") {
	app.seen.add(id);
	try {
		await request(app, account, id, login);
	} catch (error) {
		if (error instanceof ProtocolError && error.over) {
			goOver(error.code);
			return;
		}
		app.seen.delete(id);
		home(app, account.deviceId).trouble(error);
	}
}

/** Says that a request is over. One that a newer one replaced gives way to it. */
function goOver(reason) {
	over(app, reason);
	arrived();
}

/** Shows a request of which only the id is known, as in a link. */
async function find(id, deviceId, login = "") {
	const account = accountOf(app, deviceId) ?? await holder(app, id);
	if (account) {
		await goRequest(account, id, login);
	} else if (shown() === "start" || login) {
		over(app, "no_account");
	}
}

function arrived() {
	if (app.accounts.filter(lost).length > 0) {
		refreshPush();
	}
	const next = firstWaiting(app, ({ id }) => !app.seen.has(id));
	const replaced = document.querySelector("main").dataset.reason === "superseded";
	if (next && (free.includes(shown()) || replaced)) {
		goRequest(next[0], next[1].id);
	}
}

// One after the other: what is learned while one is under way may be news to it.
function refreshPush() {
	refreshing = refreshing.then(refresh);
}

async function refresh() {
	const active = app.accounts.filter(({ state }) => state === "active");
	const registration = await app.registration;
	if (registration && active.length > 0) {
		await push.refresh(app.store, active, registration).catch(() => {});
		app.changed();
	}
}

// Only an answer of the server tells that a push service has dropped a subscription, which the browser believes in.
function lost({ deviceId, state, channel }) {
	const dropped = state === "active" && channel?.subscribed === false && !channel.blocked;
	const news = dropped && !renewed.has(deviceId);
	dropped ? renewed.add(deviceId) : renewed.delete(deviceId);
	return news;
}
