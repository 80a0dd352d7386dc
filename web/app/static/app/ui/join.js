import { makeCredential, prove, setPIN, step, waitForConfirmation } from "../enrolment.js";
import { CeremonyError, EnrolmentError, ProtocolError } from "../errors.js";
import { simplePIN, validPIN } from "../pin.js";
import { permission } from "../push.js";
import { keepForGood } from "../store.js";
import { failed } from "./enrol.js";
import { drop } from "./forget.js";
import { subscribe } from "./pushrow.js";
import { show } from "./screens.js";
import { word } from "./words.js";

const steps = { credential, pin, prove: push, confirm, done };

/**
 * Goes on with an enrolment where it stands, also after the page was closed in between.
 * @param {import("./app.js").App} app
 * @param {import("../store.js").Account} account
 */
export function join(app, account) {
	steps[step(account)](app, account);
}

function credential(app, account) {
	const screen = show("enrol-credential");
	cancels(app, screen, account);
	screen.on("credential-create", () => attempt(app, screen, account, async () => {
		await makeCredential(app.store, account);
		join(app, account);
	}));
}

function pin(app, account) {
	const screen = show("enrol-pin", { second: account.verification === "biometric" });
	cancels(app, screen, account);
	screen.on("pin-set", () => attempt(app, screen, account, async () => {
		const [first, second] = ["pin", "pin-repeat"].map((id) => screen.find(id).value);
		if (!validPIN(first)) {
			screen.problem(word("pin-digits"), "pin");
		} else if (simplePIN(first)) {
			screen.problem(word("pin-simple"), "pin");
		} else if (first !== second) {
			screen.find("pin-repeat").value = "";
			screen.problem(word("pin-differs"), "pin-repeat");
		} else {
			await setPIN(app.store, account, first, second);
			join(app, account);
		}
	}));
}

/**
 * Notifications can be asked for once only in some browsers, so the reason comes first.
 */
function push(app, account) {
	if (permission() === "unsupported") {
		proving(app, account);
		return;
	}
	const screen = show("enrol-push", { blocked: permission() === "denied" ? "denied" : "" });
	screen.on("push-skip", () => proving(app, account));
	screen.on("push-go-on", () => proving(app, account));
	screen.on("push-allow", async () => {
		const blocked = await subscribe(app, account, (status) => screen.fill({ status }));
		if (blocked === "denied" || blocked === "unreachable") {
			screen.fill({ blocked });
		} else {
			proving(app, account);
		}
	});
}

async function proving(app, account) {
	const screen = show("enrol-proving");
	cancels(app, screen, account);
	screen.on("prove-again", () => proving(app, account));
	try {
		await attempt(app, screen, account, async () => {
			await prove(app.store, account);
			join(app, account);
		});
	} catch (error) {
		screen.fill({ stopped: true });
		screen.trouble(error);
	}
}

async function confirm(app, account) {
	const screen = show("enrol-confirm", {
		url: account.pending?.confirmURL ?? "", fingerprint: account.fingerprint, name: account.name, account: account.account.name,
	});
	cancels(app, screen, account);
	try {
		const end = await waitForConfirmation(app.store, account, screen.signal);
		await app.reload();
		if (end === "active") {
			done(app, account);
		} else {
			failed(app, end);
		}
	} catch (error) {
		if (!screen.signal.aborted) {
			await cannotGoOn(app, account, error);
		}
	}
}

async function done(app, account) {
	// Asked for late, since some browsers bring the person into it.
	keepForGood();
	await app.store.set("account", account.deviceId);
	await app.reload();
	app.follow();
	const screen = show("enrol-done", { name: account.name, account: account.account.name, nopush: !account.channel?.subscribed });
	screen.on("done", () => app.go.home(account.deviceId));
}

// Stopping is always possible. The server forgets by itself what was never finished.
function cancels(app, screen, account) {
	screen.on("enrol-cancel", async () => {
		await drop(app, account);
		app.go.home();
	});
}

/** Does a step; what the person can try again stays on the screen, and everything else ends the enrolment. */
async function attempt(app, screen, account, work) {
	try {
		await work();
	} catch (error) {
		if (screen.signal.aborted) {
			return;
		}
		if (error instanceof CeremonyError) {
			screen.problem(word(error.kind === "refused" ? "not-confirmed" : "finger-other"));
		} else if (error instanceof ProtocolError && error.code === "wrong_assertion") {
			screen.problem(word("finger-wrong"));
		} else if (ends(error)) {
			await cannotGoOn(app, account, error);
		} else {
			throw error;
		}
	}
}

function ends(error) {
	return error instanceof EnrolmentError || (error instanceof ProtocolError && error.status < 500 && error.code !== "slow_down");
}

async function cannotGoOn(app, account, error) {
	await drop(app, account);
	const late = error instanceof ProtocolError && ["link_expired", "link_used", "unknown_device"].includes(error.code);
	failed(app, late ? "expired" : "other");
}
