import { begin, parseLink, wanted } from "../enrolment.js";
import { EnrolmentError, LinkError, ProtocolError } from "../errors.js";
import * as push from "../push.js";
import { support } from "../webauthn.js";
import { copyLink } from "./copy.js";
import { needsHomeScreen, platform, suggestName } from "./platform.js";
import { show } from "./screens.js";
import { word } from "./words.js";

/**
 * No account yet, or one more: where a link comes from, and a field for it.
 * @param {import("./app.js").App} app
 */
export function empty(app) {
	const first = app.accounts.length === 0;
	const screen = show("empty", { first, "home-screen": needsHomeScreen() });
	if (!first) {
		screen.main.dataset.state = "add";
	}
	screen.on("account-back", () => app.go.home());
	screen.on("link-use", () => {
		const text = screen.find("link").value;
		if (!text.trim()) {
			screen.problem(word("link-empty"), "link");
			return;
		}
		try {
			const { token } = parseLink(text, app.settings.publicURL);
			name(app, token);
		} catch (error) {
			if (!(error instanceof LinkError)) {
				throw error;
			}
			screen.problem(word(error.reason === "other-server" ? "link-elsewhere" : "link-strange"), "link");
		}
	});
}

/**
 * A link was opened. In iOS's browser the app has to be put on the Home Screen first, and the link taken there.
 * @param {import("./app.js").App} app
 * @param {string} token
 */
export function link(app, token) {
	if (!needsHomeScreen()) {
		name(app, token);
		return;
	}
	const screen = show("install");
	copyLink(app, screen, token);
	screen.on("install-skip", () => name(app, token));
}

/**
 * The last screen before the link is used up.
 * @param {import("./app.js").App} app
 * @param {string} token
 */
async function name(app, token) {
	const can = await support();
	const lacks = lacking(app, can);
	const screen = show("enrol-name", {
		phone: platform() !== "desktop", lacking: lacks !== "", lacks, nopush: push.permission() === "unsupported",
	});
	const field = screen.find("device-name");
	field.value = await suggestName();
	screen.on("enrol-cancel", () => {
		forgetLink();
		app.go.home();
	});
	screen.on("enrol-begin", async () => {
		const chosen = field.value.trim();
		if (!chosen) {
			screen.problem(word("name-empty"), "device-name");
			return;
		}
		try {
			const wants = lacks ? "pin" : wanted(can);
			const account = await begin(app.store, { publicURL: app.settings.publicURL, token, name: chosen, wants });
			forgetLink();
			await app.reload();
			app.go.join(app.accounts.find(({ deviceId }) => deviceId === account.deviceId));
		} catch (error) {
			cannotBegin(app, screen, error, token, lacks);
		}
	});
}

function lacking(app, can) {
	if (app.settings.numeric || can.reason === "ip-address") {
		return "numeric";
	}
	if (can.reason === "insecure") {
		return "insecure";
	}
	return can.webauthn && can.platform ? "" : "sensor";
}

function cannotBegin(app, screen, error, token, lacks) {
	const code = error instanceof ProtocolError ? error.code : "";
	if (code === "verification_refused") {
		const unable = show("enrol-unable", { lacks });
		copyLink(app, unable, token);
		unable.on("done", () => app.go.home());
	} else if (code === "link_used" || code === "link_expired") {
		forgetLink();
		failed(app, code === "link_used" ? "used" : "late");
	} else if (error instanceof EnrolmentError) {
		forgetLink();
		failed(app, error.reason === "fingerprint" ? "key" : "other");
	} else {
		screen.trouble(error);
	}
}

/**
 * Nothing was bound, and why.
 * @param {import("./app.js").App} app
 * @param {"used" | "late" | "refused" | "expired" | "key" | "other"} reason
 */
export function failed(app, reason) {
	const screen = show("enrol-failed", { reason });
	screen.main.dataset.reason = reason;
	screen.on("done", () => app.go.home());
}

// The secret of a link that was used, or thrown away, has no business in the address bar or the history.
function forgetLink() {
	history.replaceState(null, "", "/app/");
}
