const saysSo = 2000;

/**
 * Lets a person print, copy or save the list that data-keep names. Without script it can be written down.
 * @param {HTMLElement} actions
 */
export function keep(actions) {
	const list = document.getElementById(actions.dataset.keep);
	const text = [...list.children].map((item) => item.textContent).join("\n") + "\n";
	const [print, copy, save] = actions.querySelectorAll("button");
	actions.hidden = false;
	print.addEventListener("click", () => window.print());
	copy.addEventListener("click", async () => {
		const words = copy.textContent;
		try {
			await navigator.clipboard.writeText(text);
		} catch {
			return; // it can be selected and copied by hand
		}
		copy.textContent = copy.dataset.done;
		setTimeout(() => {
			copy.textContent = words;
		}, saysSo);
	});
	save.addEventListener("click", () => {
		const link = document.createElement("a");
		link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
		link.download = actions.dataset.file;
		link.click();
		// Not at once, or a slow browser finds nothing to save.
		setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
	});
}
