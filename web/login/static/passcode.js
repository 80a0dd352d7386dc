const still = matchMedia("(prefers-reduced-motion: reduce)");

// Long enough to be seen, short enough not to be waited for.
const perDigit = 55;
const afterLast = 90;

/**
 * Colours the boxes that hold a digit, and drops what is no digit.
 * @param {HTMLElement} boxes
 */
export function drawBoxes(boxes) {
	const input = boxes.querySelector("input");
	input.addEventListener("input", () => {
		const digits = input.value.replace(/\D/g, "").slice(0, 6);
		if (digits !== input.value) {
			input.value = digits;
		}
		show(boxes, digits.length);
	});
	show(boxes, input.value.length);
}

/**
 * Presses the button of a form that is complete, after the passcode in it has come up before the person's eyes.
 * @param {HTMLFormElement} form
 */
export function submitByItself(form) {
	const boxes = form.querySelector("[data-boxes]");
	const send = once(() => form.requestSubmit(form.querySelector("button")));
	form.addEventListener("submit", () => send.spend());
	if (!boxes || still.matches) {
		send();
		return;
	}
	const total = Math.min(6, boxes.querySelector("input").value.length);
	boxes.dataset.revealing = "";
	show(boxes, 0);
	let shown = 0;
	const timer = setInterval(() => {
		shown += 1;
		show(boxes, shown);
		if (shown >= total) {
			clearInterval(timer);
			delete boxes.dataset.revealing;
			setTimeout(send, afterLast);
		}
	}, perDigit);
}

/**
 * @param {HTMLElement} boxes
 * @param {number} count
 */
function show(boxes, count) {
	if (count === 0) {
		delete boxes.dataset.filled;
	} else {
		boxes.dataset.filled = String(Math.min(6, count));
	}
}

/**
 * A function that does its work the first time only, and not at all once spent.
 * @param {() => void} work
 */
function once(work) {
	let spent = false;
	const run = () => {
		if (!spent) {
			spent = true;
			work();
		}
	};
	run.spend = () => {
		spent = true;
	};
	return run;
}
