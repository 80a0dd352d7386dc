/**
 * Lets a button show what is typed into the field that data-reveal names.
 * @param {HTMLButtonElement} button
 */
export function reveal(button) {
	const field = document.getElementById(button.dataset.reveal);
	const words = button.textContent;
	button.hidden = false;
	button.setAttribute("aria-pressed", "false");
	button.addEventListener("click", () => {
		const shown = field.type === "text";
		field.type = shown ? "password" : "text";
		button.textContent = shown ? words : button.dataset.hide;
		button.setAttribute("aria-pressed", String(!shown));
		field.focus();
	});
	// A password in the clear is nothing for the browser's memory of forms.
	field.form.addEventListener("submit", () => {
		field.type = "password";
	});
}
