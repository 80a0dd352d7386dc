import { knowsPasskeys, suggestsPasskeys, usePasskey } from "./webauthn.js";

// A challenge is good for five minutes, and a page may be left open for longer.
const renewAfter = 4 * 60 * 1000;

/**
 * Shows a form that sends a passkey, and fetches the passkey when it is pressed. What the browser is asked with comes
 * from the address data-passkey. With data-suggest the passkeys are also among the suggestions of the page's fields.
 * Without script the form stays hidden; the page works without it.
 * @param {HTMLFormElement} form
 */
export function offerPasskey(form) {
	const answer = form.querySelector("input[name=assertion]");
	const button = form.querySelector("button");
	if (!knowsPasskeys()) {
		show("[data-passkey-missing]", true);
		return;
	}
	form.hidden = false;
	let suggesting = null;
	let leaving = false;
	form.addEventListener("submit", (event) => {
		if (answer.value === "") {
			event.preventDefault();
			ask();
		}
	});
	// A page that comes back from the browser's memory holds a passkey that was sent already.
	addEventListener("pageshow", (event) => {
		if (event.persisted) {
			answer.value = "";
			leaving = false;
			suggest();
		}
	});
	addEventListener("pagehide", () => suggesting?.abort());
	suggest();

	async function ask() {
		suggesting?.abort();
		button.disabled = true;
		show("[data-passkey-failed]", false);
		try {
			send(await usePasskey(await options()));
		} catch {
			// The person changed their mind, or nothing here holds a passkey: the browser has said which.
			show("[data-passkey-failed]", true);
			suggest();
		} finally {
			button.disabled = false;
		}
	}

	async function suggest() {
		if (form.dataset.suggest === undefined || !(await suggestsPasskeys())) {
			return;
		}
		const mine = new AbortController();
		suggesting = mine;
		const renewal = setTimeout(() => {
			mine.abort();
			suggest();
		}, renewAfter);
		try {
			const assertion = await usePasskey(await options(), { mediation: "conditional", signal: mine.signal });
			if (!mine.signal.aborted) {
				send(assertion);
			}
		} catch {
			// Nobody was asked, so nobody is told.
		} finally {
			clearTimeout(renewal);
		}
	}

	async function options() {
		const response = await fetch(form.dataset.passkey, { headers: { Accept: "application/json" }, redirect: "error" });
		if (!response.ok) {
			throw new Error("the sign-in has moved on");
		}
		return response.json();
	}

	function send(assertion) {
		if (!leaving) {
			leaving = true;
			answer.value = assertion;
			button.disabled = false;
			form.requestSubmit(button);
		}
	}
}

function show(selector, so) {
	for (const element of document.querySelectorAll(selector)) {
		element.hidden = !so;
	}
}
