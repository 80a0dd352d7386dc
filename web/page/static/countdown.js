/**
 * Counts down in words: data-countdown holds the seconds left when the page was made, data-text the sentence with a
 * gap named {time}, data-over what it says at the end. An event "over" tells the page.
 * @param {HTMLElement} element
 */
export function countDown(element) {
	tick(Number(element.dataset.countdown), (left) => {
		element.textContent = left > 0 ? fill(element.dataset.text, left) : element.dataset.over;
		if (left <= 0) {
			element.dispatchEvent(new Event("over", { bubbles: true }));
		}
	});
}

/**
 * Says with data-text that a button is of no use for data-ready-in seconds. It can be pressed all the same, since
 * the server decides and a button that is disabled cannot even be found by the keyboard.
 * @param {HTMLButtonElement} button
 */
export function readyLater(button) {
	const words = button.textContent;
	tick(Number(button.dataset.readyIn), (left) => {
		button.toggleAttribute("data-early", left > 0);
		button.textContent = left > 0 ? fill(button.dataset.text, left) : words;
	});
}

/**
 * Calls show at once and then each second until nothing is left. It goes by the clock, not by counting, since a
 * sleeping page misses ticks.
 * @param {number} seconds
 * @param {(left: number) => void} show
 */
function tick(seconds, show) {
	const end = Date.now() + seconds * 1000;
	const timer = setInterval(step, 1000);
	step();

	function step() {
		const left = Math.max(0, Math.round((end - Date.now()) / 1000));
		if (left === 0) {
			clearInterval(timer);
		}
		show(left);
	}
}

/**
 * @param {string} sentence
 * @param {number} seconds
 */
function fill(sentence, seconds) {
	return sentence.replace("{time}", `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
}
