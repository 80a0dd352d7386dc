import { canApproveByOneTap } from "./answering.js";
import { fill } from "./texts.js";

/**
 * A notification that can be shown: registration.showNotification(title, options).
 * @typedef {{title: string, options: NotificationOptions & {actions?: {action: string, title: string}[]}}} Shown
 */

/**
 * How notifications look and speak.
 * @typedef {{texts: typeof import("./texts.js").texts, icon?: string, badge?: string}} Looks
 */

const noticeTexts = new Map([
	["device_added", "deviceAdded"],
	["device_removed", "deviceRemoved"],
	["password_changed", "passwordChanged"],
]);

/**
 * What a woken worker shows of a server's answer. It is never nothing: browsers take the permission away from a site
 * that is woken and stays silent.
 * @param {import("./store.js").Account} account
 * @param {{requests: import("./approval.js").Request[], notices: {id: string, kind: string, about: string, at: string}[]}} answer
 * @param {boolean} several whether there are other accounts on this installation
 * @param {Looks} looks
 * @returns {Shown[]}
 */
export function afterWake(account, { requests, notices }, several, looks) {
	const open = requests.filter((request) => request.state === "pending");
	const shown = [
		...notices.map((notice) => ofNotice(account, notice, looks)),
		...open.map((request) => ofRequest(account, request, several, looks)),
	];
	return shown.length > 0 ? shown : [ofEnd(account.deviceId, looks)];
}

/**
 * @param {import("./store.js").Account} account
 * @param {import("./approval.js").Request} request
 * @param {boolean} several
 * @param {Looks} looks
 * @returns {Shown}
 */
export function ofRequest(account, request, several, looks) {
	const { texts } = looks;
	const { client_name: client, place, ip, message } = request.context;
	const values = { client, place: message || place || ip || "?", account: account.account.displayName || account.account.name };
	const deny = { action: "deny", title: texts.deny };
	const approve = { action: "approve", title: texts.approve };
	return make(looks, texts.request, fill(several ? texts.requestBodyAccount : texts.requestBody, values), {
		tag: request.id,
		requireInteraction: true,
		timestamp: Date.parse(request.created_at),
		data: { device: account.deviceId, request: request.id },
		actions: canApproveByOneTap(account, request) ? [approve, deny] : [deny],
	});
}

/**
 * For when the server cannot be asked what it is about.
 * @param {string} device
 * @param {Looks} looks
 * @returns {Shown}
 */
export function ofUnseen(device, looks) {
	return make(looks, looks.texts.request, looks.texts.requestUnseen, { tag: "unseen", data: { device } });
}

/**
 * @param {string} device
 * @param {Looks} looks
 * @returns {Shown}
 */
export function ofEnd(device, looks) {
	return make(looks, looks.texts.over, looks.texts.overBody, { tag: "over", silent: true, data: { device } });
}

/**
 * @param {import("./store.js").Account} account
 * @param {{id: string, kind: string, about: string, at: string}} notice
 * @param {Looks} looks
 * @returns {Shown}
 */
export function ofNotice(account, notice, looks) {
	const title = looks.texts[noticeTexts.get(notice.kind) ?? "notice"];
	return make(looks, title, fill(looks.texts.noticeBody, { about: notice.about ?? "" }), {
		tag: notice.id, timestamp: Date.parse(notice.at), data: { device: account.deviceId, notice: notice.id },
	});
}

/**
 * What became of a button on a notification. A failure keeps the request at hand.
 * @param {{device: string, request: string}} data
 * @param {"approved" | "notApproved" | "notAnswered"} outcome
 * @param {Looks} looks
 * @returns {Shown}
 */
export function ofOutcome(data, outcome, looks) {
	const { texts } = looks;
	if (outcome === "approved") {
		return make(looks, texts.approved, texts.approvedBody, { tag: data.request, silent: true, data: { device: data.device } });
	}
	return make(looks, texts[outcome], texts[`${outcome}Body`], { tag: data.request, requireInteraction: true, data });
}

/**
 * The notifications that show a request of this device which is not open any more.
 * @param {Notification[]} shown
 * @param {string} device
 * @param {{id: string, state: string}[]} requests
 */
export function stale(shown, device, requests) {
	const open = new Set(requests.filter((request) => request.state === "pending").map((request) => request.id));
	return shown.filter(({ data }) => data?.device === device && data.request && !open.has(data.request));
}

function make({ icon, badge }, title, body, options) {
	return { title, options: { body, ...(icon ? { icon } : {}), ...(badge ? { badge } : {}), ...options } };
}
