import { LinkError } from "./errors.js";

const pages = ["/app/enrol", "/app/"];

/**
 * Reads an enrolment link, or the bare token of one.
 * @param {string} text as it was scanned, pasted or typed
 * @param {string} publicURL of this server
 * @returns {{token: string}}
 * @throws {LinkError}
 */
export function parseLink(text, publicURL) {
	const trimmed = text.trim();
	if (/^nol_/.test(trimmed)) {
		return { token: token(trimmed) };
	}
	let link;
	try {
		link = new URL(trimmed);
	} catch {
		throw new LinkError("not-a-link");
	}
	if (link.protocol !== "https:" && link.protocol !== "http:") {
		throw new LinkError("not-a-link");
	}
	const server = new URL(publicURL);
	if (link.origin !== server.origin) {
		throw new LinkError("other-server");
	}
	const base = server.pathname.replace(/\/$/, "");
	if (link.username || link.password || link.search || !pages.some((page) => link.pathname === base + page)) {
		throw new LinkError("not-a-link");
	}
	return { token: token(link.hash.slice(1)) };
}

// A part that was cut off cannot be told from here, other characters can.
function token(text) {
	if (!/^nol_[A-Za-z0-9_-]{16,252}$/.test(text)) {
		throw new LinkError("damaged");
	}
	return text;
}
