const pollEvery = 2000;

/**
 * Waits until this page would be another one than when it was made, then loads it again.
 * The stream at data-watch carries states only. Where there is none, or it does not work,
 * the page itself is asked instead.
 * @param {HTMLElement} main
 */
export function watch(main) {
	let source = null;
	let poller = 0;
	let misses = 0;
	let leaving = false;

	open();
	// Browsers stop the timers and streams of a page nobody looks at.
	document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && ask());
	addEventListener("pageshow", (event) => event.persisted && ask());
	addEventListener("pagehide", () => source?.close());
	main.addEventListener("over", () => setTimeout(ask, 1000));
	// What a form does to the enrolment is news too, and loading the page again would stop the form.
	main.addEventListener("submit", leave);

	function open() {
		if (!main.dataset.watch || !("EventSource" in window)) {
			startPolling();
			return;
		}
		source = new EventSource(main.dataset.watch);
		source.addEventListener("open", () => {
			clearInterval(poller);
			poller = 0;
			reached();
		});
		source.addEventListener("state", (event) => take(JSON.parse(event.data).state));
		source.addEventListener("error", startPolling);
	}

	function startPolling() {
		if (!poller) {
			poller = setInterval(ask, pollEvery + Math.random() * 500);
		}
	}

	async function ask() {
		if (leaving) {
			return;
		}
		try {
			const response = await fetch(location.pathname, { redirect: "manual", headers: { Accept: "text/html" } });
			const page = await response.text();
			reached();
			if (response.status < 500) {
				take(/<main [^>]*data-state="([a-z]+)"/.exec(page)?.[1] ?? "gone");
			}
		} catch {
			misses += 1;
			if (misses >= 2) {
				offline(true);
			}
		}
	}

	function take(state) {
		if (state === main.dataset.state || leaving) {
			return;
		}
		leave();
		location.reload();
	}

	function leave() {
		leaving = true;
		source?.close();
		clearInterval(poller);
	}

	function reached() {
		misses = 0;
		offline(false);
	}

	function offline(so) {
		const notice = main.querySelector("[data-offline]");
		if (notice) {
			notice.hidden = !so;
		}
	}
}
