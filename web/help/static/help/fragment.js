/**
 * Fills a field with what stands behind the # of the address, and takes it off the address, so that it is not kept
 * where the browser keeps addresses. The form is left for the person to send: programs that look into mails open
 * links too, and a code works once.
 * @param {HTMLInputElement} field
 */
export function takeFragment(field) {
	const take = () => {
		const code = location.hash.slice(1);
		if (code) {
			field.value = code;
			history.replaceState(null, "", location.pathname);
		}
	};
	take();
	// The link of a second mail may be opened where the first one still is.
	addEventListener("hashchange", take);
}
