import { approve, deny, digitsToType, open, report, ways } from "../answering.js";
import { validPIN } from "../pin.js";
import { approved, denied, reported } from "./answered.js";
import { facts } from "./facts.js";
import { refused } from "./refused.js";
import { tell } from "./registration.js";
import { show } from "./screens.js";
import { timer, word } from "./words.js";

const ended = { expired: "expired", superseded: "superseded", withdrawn: "withdrawn", failed: "failed" };

/**
 * The question: is this you?
 * @param {import("./app.js").App} app
 * @param {import("../store.js").Account} account
 * @param {string} id
 * @param {string} [login] the login on this very device that asks, to go back to
 */
export async function request(app, account, id, login = "") {
	const asked = await open(app.store, account, id);
	app.seen.add(id);
	tell(app.registration, "shown", id);
	if (asked.state !== "pending") {
		app.go.over(ended[asked.state] ?? "answered_elsewhere");
		return;
	}
	const possible = ways(account);
	const digits = digitsToType(asked);
	let way = possible[0];
	const now = () => Date.now() + account.offset;
	const left = () => Date.parse(asked.expires_at) - now();
	const screen = show("request", {
		...facts(account, asked, now()), left: timer(left()), number: digits > 0, ...proof(),
	});
	screen.main.dataset.request = id;
	screen.main.dataset.account = account.deviceId;
	keepDigits(screen.find("number"), digits || 8);
	keepDigits(screen.find("pin"), 12);

	screen.on("approve", approving);
	screen.on("deny", async () => {
		await answer(() => deny(app.store, account, id), () => denied(app, account, asked));
	});
	screen.on("report", async () => {
		await answer(() => report(app.store, account, id), () => reported(app, account));
	});
	screen.on("use-pin", () => take("pin"));
	screen.on("use-finger", () => take("assertion"));
	const ticker = setInterval(tick, 1000);
	screen.signal.addEventListener("abort", () => clearInterval(ticker));
	app.changes.addEventListener("change", stillOpen, { signal: screen.signal });

	function proof() {
		const second = possible.includes("pin") && possible.includes("assertion");
		return { pin: way === "pin", finger: way === "assertion", second: second ? (way === "pin" ? "pin" : "finger") : "" };
	}

	function take(other) {
		way = other;
		screen.fill(proof());
		if (way === "pin") {
			screen.find("pin").focus();
		}
	}

	async function approving() {
		const number = screen.find("number").value;
		const pin = way === "pin" ? screen.find("pin").value : undefined;
		if (digits > 0 && number.length !== digits) {
			screen.problem(word("number-missing", { digits }), "number");
			return;
		}
		if (way === "pin" && !validPIN(pin)) {
			screen.problem(word("pin-missing"), "pin");
			return;
		}
		screen.fill({ status: word(way === "assertion" ? "look" : "sending") });
		await answer(
			() => approve(app.store, account, asked, { number, pin }),
			({ passcode }) => approved(app, account, asked, passcode, login),
		);
	}

	async function answer(send, then) {
		try {
			const answered = await send();
			tell(app.registration, "over", id);
			if (!screen.signal.aborted) {
				then(answered);
			}
		} catch (error) {
			if (!screen.signal.aborted) {
				refused(app, screen, account, error, way);
			}
		} finally {
			screen.fill({ status: "" });
		}
	}

	function tick() {
		screen.fill({ ...facts(account, asked, now()), left: timer(left()) });
		if (left() <= 0) {
			tell(app.registration, "over", id);
			app.go.over("expired");
		}
	}

	// It is gone from the list: answered on another device, taken back, or replaced by a newer one. Only nod knows.
	async function stillOpen() {
		const list = app.waiting.get(account.deviceId)?.requests;
		if (!list || list.some((other) => other.id === id)) {
			return;
		}
		try {
			const { state } = await open(app.store, account, id, { signal: screen.signal });
			if (state !== "pending" && !screen.signal.aborted) {
				app.go.over(ended[state] ?? "answered_elsewhere");
			}
		} catch (error) {
			if (!screen.signal.aborted && (error.over || !account.key)) {
				refused(app, screen, account, error, way);
			}
		}
	}
}

/**
 * Lets a field take digits only, as many as are asked for.
 * @param {HTMLInputElement} field
 * @param {number} most
 */
function keepDigits(field, most) {
	field.maxLength = most;
	field.addEventListener("input", () => {
		const digits = field.value.replace(/\D/g, "").slice(0, most);
		if (digits !== field.value) {
			field.value = digits;
		}
	});
}
