import { word } from "./words.js";

const agent = navigator.userAgent;

/**
 * Which settings a person has to be led to.
 * @returns {"ios" | "android" | "desktop"}
 */
export function platform() {
	// An iPad says that it is a Mac, but no Mac has a touch screen.
	if (/iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1)) {
		return "ios";
	}
	return /Android/.test(agent) ? "android" : "desktop";
}

/** Whether the page runs as an app of its own rather than in a browser's tab. */
export function standalone() {
	return matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;
}

/** Whether this is iOS's browser, which can neither be woken nor share what it keeps with the app on the Home Screen. */
export function needsHomeScreen() {
	return platform() === "ios" && !standalone();
}

/**
 * A name for this device that its owner will recognise. The person can change it.
 * @returns {Promise<string>}
 */
export async function suggestName() {
	const hints = await navigator.userAgentData?.getHighEntropyValues?.(["model"]).catch(() => null);
	const model = hints?.model || /Android [^;]+; ([^;)]{2,40}?)(?: Build\/|[;)])/.exec(agent)?.[1];
	if (model && model !== "Mobile" && model !== "Tablet") {
		return model;
	}
	if (platform() === "ios") {
		return /iPhone/.test(agent) ? "iPhone" : "iPad";
	}
	return word("on", { browser: browser(), system: system() });
}

function browser() {
	const names = [["Edg", "Edge"], ["OPR/", "Opera"], ["SamsungBrowser", "Samsung Internet"], ["Firefox", "Firefox"], ["Chrome", "Chrome"], ["Safari", "Safari"]];
	return names.find(([sign]) => agent.includes(sign))?.[1] ?? "Browser";
}

function system() {
	const names = [["Android", "Android"], ["Windows", "Windows"], ["Macintosh", "Mac"], ["CrOS", "Chromebook"], ["Linux", "Linux"]];
	return names.find(([sign]) => agent.includes(sign))?.[1] ?? navigator.platform;
}
