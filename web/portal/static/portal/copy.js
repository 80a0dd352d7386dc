const saysSo = 2000;

/**
 * Lets a button copy the field or the text that data-copy names, and say with data-done that it did.
 * @param {HTMLButtonElement} button
 */
export function copy(button) {
	const field = document.getElementById(button.dataset.copy);
	const words = button.textContent;
	button.hidden = false;
	button.addEventListener("click", async () => {
		field.select?.();
		try {
			await navigator.clipboard.writeText(field.value ?? field.textContent);
		} catch {
			return; // it is selected, and can be copied by hand
		}
		button.textContent = button.dataset.done;
		setTimeout(() => {
			button.textContent = words;
		}, saysSo);
	});
}
