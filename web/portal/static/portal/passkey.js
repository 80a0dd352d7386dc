import { knowsPasskeys, makePasskey } from "../webauthn.js";

/**
 * Makes a passkey when the form is sent, with the options in data-make-passkey, and sends it along. Without script, or
 * in a browser that knows no passkeys, the form stays hidden.
 * @param {HTMLFormElement} form
 */
export function make(form) {
	const answer = form.querySelector("input[name=passkey]");
	const button = form.querySelector("button");
	if (!knowsPasskeys()) {
		show("[data-passkey-missing]", true);
		return;
	}
	form.hidden = false;
	// A page that comes back from the browser's memory holds a passkey that was sent already.
	addEventListener("pageshow", (event) => event.persisted && location.reload());
	form.addEventListener("submit", async (event) => {
		if (answer.value !== "") {
			return;
		}
		event.preventDefault();
		button.disabled = true;
		show("[data-passkey-failed]", false);
		show("[data-passkey-held]", false);
		try {
			answer.value = await makePasskey(JSON.parse(form.dataset.makePasskey));
		} catch (error) {
			// Of what the browser tells, one thing is worth more than "try again": it holds one already.
			show(error?.name === "InvalidStateError" ? "[data-passkey-held]" : "[data-passkey-failed]", true);
		}
		button.disabled = false;
		if (answer.value !== "") {
			form.requestSubmit(button);
		}
	});
}

function show(selector, so) {
	for (const element of document.querySelectorAll(selector)) {
		element.hidden = !so;
	}
}
