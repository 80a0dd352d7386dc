const styles = {
	day: { day: "numeric", month: "long", year: "numeric" },
	time: { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" },
};

/**
 * Says a time in the time zone of the person, which the server does not know.
 * @param {HTMLTimeElement} element
 */
export function localise(element) {
	const at = new Date(element.dateTime);
	if (!Number.isNaN(at.getTime())) {
		element.textContent = new Intl.DateTimeFormat("en-GB", styles[element.dataset.moment]).format(at);
	}
}
