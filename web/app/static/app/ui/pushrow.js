import * as push from "../push.js";
import { needsHomeScreen, platform } from "./platform.js";
import { ago, word } from "./words.js";

/**
 * Where waking this device stands, in one word for which the home screen has a sentence. What the administrator
 * decided comes first, then what the person chose, then what the system says, then what the server knows.
 * @param {import("../store.js").Channel | null} channel
 * @param {"granted" | "denied" | "default" | "unsupported"} permission
 * @param {boolean} homeScreen whether it would work as an app on the Home Screen
 */
export function pushState(channel, permission, homeScreen) {
	if (channel?.forbidden) {
		return "forbidden";
	}
	if (channel && !channel.on) {
		return "off";
	}
	if (permission !== "granted") {
		return permission === "unsupported" && homeScreen ? "home-screen" : permission;
	}
	if (!channel) {
		return "";
	}
	if (!channel.subscribed) {
		return ["unreachable", "unsupported"].includes(channel.blocked) ? channel.blocked : "lost";
	}
	if (channel.failed_at && !(channel.delivered_at > channel.failed_at)) {
		return "failing";
	}
	return channel.delivered_at ? "delivered" : "fresh";
}

/**
 * What the home screen says about push.
 * @param {import("../store.js").Account} account
 */
export function pushValues(account) {
	const state = pushState(account.channel, push.permission(), needsHomeScreen());
	const works = state === "delivered" || state === "fresh";
	const { delivered_at: delivered, failed_at: failed } = account.channel ?? {};
	const time = state === "failing" ? failed : delivered;
	return {
		push: state,
		platform: platform(),
		since: time ? ago(time, Date.now() + account.offset) : "",
		// Of a channel that fails it is too early to say either.
		badge: works ? "on" : state === "failing" || state === "" ? "" : "off",
		switchable: !["forbidden", "unsupported", "home-screen"].includes(state),
	};
}

/**
 * Whether the switch stands on: the person wants to be woken, and nothing in the system's settings forbids it.
 * @param {import("../store.js").Account} account
 */
export function switchedOn(account) {
	return (account.channel?.on ?? true) && push.permission() === "granted";
}

/**
 * The switch, and the button below it where something has to be allowed or tried again.
 * @param {import("./app.js").App} app
 * @param {import("./screens.js").Screen} screen
 * @param {() => import("../store.js").Account} chosen
 */
export function workPush(app, screen, chosen) {
	screen.on("push-switch", async () => {
		const account = chosen();
		const on = !switchedOn(account);
		if (on && push.permission() !== "granted") {
			await subscribe(app, account);
		}
		if (account.channel?.on !== on) {
			await push.setPush(app.store, account, on);
		}
		app.changed();
		if (on && push.permission() === "denied") {
			screen.find("push-how").open = true;
		}
	});
	screen.on("push-allow", async () => {
		await subscribe(app, chosen());
		app.changed();
	});
}

/**
 * Asks the person, subscribes, and tells the server what came of it, for every account: they share one subscription.
 * @param {import("./app.js").App} app
 * @param {import("../store.js").Account} account
 * @param {(status: string) => void} [say]
 * @returns {Promise<"" | "denied" | "default" | "unsupported" | "unreachable">} why it did not work
 */
export async function subscribe(app, account, say = () => {}) {
	if (push.permission() === "default") {
		await push.askPermission();
	}
	const registration = await app.registration;
	if (!registration) {
		return "unsupported";
	}
	say(word("asking"));
	const result = await push.subscribe(registration, account.pushKey ?? (app.settings.pushKey || null));
	say("");
	const others = app.accounts.filter(({ deviceId, key }) => key && deviceId !== account.deviceId);
	await Promise.allSettled([account, ...others].map((one) => push.report(app.store, one, result)));
	return "blocked" in result ? result.blocked : "";
}
