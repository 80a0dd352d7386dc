import { CeremonyError, ProtocolError } from "../errors.js";
import { word } from "./words.js";

/**
 * Says why an answer was not taken. Where the person can try again, the screen stays.
 * @param {import("./app.js").App} app
 * @param {import("./screens.js").Screen} screen
 * @param {import("../store.js").Account} account
 * @param {unknown} error
 * @param {"assertion" | "pin" | "plain"} [way] how it was proved
 */
export function refused(app, screen, account, error, way) {
	if (error instanceof CeremonyError) {
		screen.problem(word(error.kind === "refused" ? "not-confirmed" : "finger-other"));
		return;
	}
	if (!(error instanceof ProtocolError)) {
		screen.trouble(error);
		return;
	}
	if (error.over) {
		app.go.over(error.code);
		return;
	}
	const tries = triesLeft(error.triesLeft);
	switch (error.code) {
		case "wrong_number":
			again("number", "number-wrong");
			break;
		case "wrong_passcode":
			// With a PIN it is most likely the PIN. Without one, what is stored here is damaged.
			if (way === "pin") {
				again("pin", "pin-wrong");
			} else {
				screen.trouble(error);
			}
			break;
		case "wrong_assertion":
			screen.problem(`${word("finger-wrong")} ${tries}`.trim());
			break;
		case "refused_by_policy":
			screen.problem(word("too-far"));
			break;
		case "device_suspended":
		case "unknown_device":
			app.go.home(account.deviceId);
			break;
		default:
			screen.trouble(error);
	}

	function again(field, sentence) {
		screen.find(field).value = "";
		screen.problem(`${word(sentence)} ${tries}`.trim(), field);
	}
}

function triesLeft(left) {
	if (left === undefined) {
		return "";
	}
	return left === 1 ? word("tries-last") : word("tries", { left });
}
