const order = ["", "sent", "delivered", "opened", "approved"];
// Milliseconds. A stream that was cut comes back within three seconds, and then the page need not be asked.
const firstPoll = 3500;
const pollEvery = 2000;

/**
 * Follows the state of a request. The stream carries states only; when the state is no longer "pending" the page
 * loads itself again, and what it then shows comes from the server and with the login's cookie. When the stream
 * does not work, the page is asked every two seconds instead.
 * @param {HTMLElement} main
 */
export function wait(main) {
	let source = null;
	let poller = 0;
	let reopener = 0;
	let misses = 0;
	let leaving = false;

	open();
	suggestLater();
	// Browsers stop the timers and streams of a page nobody looks at; coming back to it is worth a look at once.
	document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && ask());
	addEventListener("pageshow", (event) => event.persisted && ask());
	addEventListener("pagehide", () => source?.close());
	main.addEventListener("over", () => setTimeout(ask, 1000));

	function open() {
		if (!main.dataset.stream || !("EventSource" in window)) {
			startPolling(pollEvery);
			return;
		}
		source?.close();
		source = new EventSource(main.dataset.stream);
		source.addEventListener("open", () => {
			stopPolling();
			reached();
		});
		source.addEventListener("state", (event) => {
			const { state, progress } = JSON.parse(event.data);
			take(state, progress);
		});
		source.addEventListener("error", () => {
			const refused = source.readyState === EventSource.CLOSED;
			startPolling(refused ? pollEvery : firstPoll);
			// The browser tries again by itself after a cut, but not after a refusal.
			if (refused && !reopener) {
				reopener = setTimeout(() => {
					reopener = 0;
					open();
				}, 5000 + Math.random() * 10000);
			}
		});
	}

	function startPolling(first) {
		if (!poller) {
			pollIn(first);
		}
	}

	function pollIn(milliseconds) {
		const mine = setTimeout(async () => {
			const advised = await ask();
			if (poller === mine) {
				pollIn(Math.max(advised, pollEvery));
			}
		}, milliseconds + Math.random() * 500);
		poller = mine;
	}

	function stopPolling() {
		clearTimeout(poller);
		poller = 0;
	}

	// The page itself is the answer to a poll; two attributes of its main element are all that is read of it.
	// What comes back is how many milliseconds the server asks to be left alone, 0 if it does not say.
	async function ask() {
		if (leaving) {
			return 0;
		}
		try {
			const response = await fetch(here(), { redirect: "manual", headers: { Accept: "text/html" } });
			const page = await response.text();
			const state = /<main data-state="([a-z]+)"/.exec(page)?.[1];
			reached();
			if (response.status >= 500) { // the server is busy or restarting; the next look will tell
				return 1000 * (Number(response.headers.get("Retry-After")) || 0);
			}
			take(state ?? "gone", / data-progress="([a-z]*)"/.exec(page)?.[1]);
		} catch {
			misses += 1;
			if (misses >= 2) {
				offline(false);
			}
		}
		return 0;
	}

	function take(state, progress) {
		if (state === "pending") {
			missed(progress === "missed");
			advance(main, progress ?? "");
			return;
		}
		if (!leaving) {
			leaving = true;
			source?.close();
			stopPolling();
			if (state === "approved") {
				advance(main, "approved");
			}
			location.replace(here());
		}
	}

	function reached() {
		misses = 0;
		offline(true);
	}

	// Nobody could wake the phone: the person can, by opening the app there.
	function missed(so) {
		const notice = main.querySelector("[data-missed]");
		if (notice) {
			notice.hidden = !so;
		}
	}

	// A request that reaches nobody for a while is no reason to go on staring at the page.
	function suggestLater() {
		const other = main.querySelector("[data-suggest]");
		if (other?.hidden) {
			setTimeout(() => {
				other.hidden = order.indexOf(main.dataset.progress ?? "") >= order.indexOf("delivered");
			}, Number(other.dataset.suggest) * 1000);
		}
	}

	function offline(connected) {
		const notice = main.querySelector("[data-offline]");
		if (notice) {
			notice.hidden = connected;
		}
	}
}

// Without the fragment, since going to a fragment of the same page would load nothing.
function here() {
	return location.pathname + location.search;
}

/**
 * Fills the dots up to progress and says so politely. Dots never go back.
 * @param {HTMLElement} main
 * @param {string} progress
 */
function advance(main, progress) {
	const reached = order.indexOf(progress);
	if (reached <= order.indexOf(main.dataset.progress ?? "")) {
		return;
	}
	main.dataset.progress = progress;
	main.querySelector("[data-asleep]")?.setAttribute("hidden", "");
	if (reached >= order.indexOf("delivered")) {
		main.querySelector("[data-suggest]")?.setAttribute("hidden", "");
	}
	for (const step of main.querySelectorAll("[data-step]")) {
		step.toggleAttribute("data-done", order.indexOf(step.dataset.step) <= reached);
		if (step.dataset.step === progress) {
			step.setAttribute("aria-current", "step");
			main.querySelector("[data-announce]").textContent = step.textContent;
		} else {
			step.removeAttribute("aria-current");
		}
	}
}
