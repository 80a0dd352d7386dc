import { noticeSeen } from "../answering.js";
import { fillOnce } from "./fill.js";
import { ago } from "./words.js";

const known = ["device_added", "device_removed", "password_changed", "passkey_added", "passkey_removed", "sign_in_reported", "token_added", "token_removed",
	"recovery_code_used", "recovery_codes_made", "recovery_codes_voided"];

/**
 * Shows what happened to the accounts, each as a card that stays until the person has seen it.
 * @param {import("./app.js").App} app
 * @param {import("./screens.js").Screen} screen
 */
export function drawNotices(app, screen) {
	const place = screen.main.querySelector("[data-notices]");
	const open = app.accounts.flatMap((account) =>
		(app.waiting.get(account.deviceId)?.notices ?? []).map((notice) => ({ account, notice })));
	for (const card of [...place.children]) {
		if (!open.some(({ notice }) => notice.id === card.dataset.notice)) {
			card.remove();
		}
	}
	for (const { account, notice } of open) {
		if (![...place.children].some((card) => card.dataset.notice === notice.id)) {
			place.append(card(app, account, notice));
		}
	}
}

function card(app, account, notice) {
	const piece = document.importNode(document.getElementById("notice").content, true);
	const element = piece.querySelector("[data-notice]");
	element.dataset.notice = notice.id;
	fillOnce(piece, {
		kind: known.includes(notice.kind) ? notice.kind : "other",
		about: notice.about || notice.kind.replaceAll("_", " "),
		account: account.account.name,
		ago: ago(notice.at, Date.now() + account.offset),
	});
	element.querySelector("[data-dismiss]").addEventListener("click", async () => {
		element.remove();
		const known = app.waiting.get(account.deviceId);
		if (known) {
			known.notices = known.notices.filter(({ id }) => id !== notice.id);
		}
		// Should it not arrive, the card is back the next time, which is right.
		await noticeSeen(app.store, account, notice.id).catch(() => {});
	});
	return piece;
}
