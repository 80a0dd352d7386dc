import { report } from "../answering.js";
import { ProtocolError } from "../errors.js";
import { show } from "./screens.js";
import { halves, word } from "./words.js";

/**
 * The passcode, in case the login page did not take it.
 * @param {import("./app.js").App} app
 * @param {import("../store.js").Account} account
 * @param {import("../approval.js").Request} request
 * @param {string} passcode
 * @param {string} login "" unless it was this very browser that asked
 */
export function approved(app, account, request, passcode, login) {
	// The address is made of an id alone: nothing that was put into a link can lead anywhere else.
	const returning = /^log_[a-z0-9]+$/.test(login);
	const screen = show("approved", { client: clientOf(request), passcode: halves(passcode), returning });
	screen.find("passcode").dataset.digits = passcode;
	screen.on("done", () => app.go.home(account.deviceId));
	if (returning) {
		location.replace(`/login/${login}`);
	}
}

/**
 * Whoever said no may still say that it was somebody else.
 * @param {import("./app.js").App} app
 * @param {import("../store.js").Account} account
 * @param {import("../approval.js").Request} request
 */
export function denied(app, account, request) {
	const screen = show("denied", { client: clientOf(request) });
	screen.on("done", () => app.go.home(account.deviceId));
	screen.on("report", async () => {
		try {
			await report(app.store, account, request.id);
		} catch (error) {
			if (error instanceof ProtocolError && error.over) {
				app.go.over(error.code);
				return;
			}
			throw error;
		}
		reported(app, account);
	});
}

/**
 * @param {import("./app.js").App} app
 * @param {import("../store.js").Account} account
 */
export function reported(app, account) {
	show("reported").on("done", () => app.go.home(account.deviceId));
}

/**
 * A request that cannot be answered any more, and why.
 * @param {import("./app.js").App} app
 * @param {string} reason
 */
export function over(app, reason) {
	const screen = show("over", { reason });
	screen.main.dataset.reason = reason;
	screen.on("done", () => app.go.home());
}

function clientOf(request) {
	return request.context.client_name || word("unnamed");
}
