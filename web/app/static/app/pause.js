/**
 * Waits. A signal that is aborted meanwhile ends it at once, and its reason is thrown.
 * @param {number} time milliseconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(time, signal) {
	return new Promise((resolve, reject) => {
		const stop = () => {
			clearTimeout(timer);
			reject(signal.reason);
		};
		const timer = setTimeout(() => {
			signal?.removeEventListener("abort", stop);
			resolve();
		}, time);
		signal?.addEventListener("abort", stop, { once: true });
		if (signal?.aborted) {
			stop();
		}
	});
}
