/**
 * What the worker says on its own, in English. The page's catalogue can hand in others under the same names; what is
 * in braces is filled in.
 */
export const texts = {
	request: "Sign-in request",
	requestBody: "{client} · {place}",
	requestBodyAccount: "{client} · {place} · {account}",
	requestUnseen: "Open the app to see it",
	approve: "Approve",
	deny: "Deny",
	over: "The request is over",
	overBody: "There is nothing left to do",
	approved: "Approved",
	approvedBody: "The sign-in goes on in the browser",
	notAnswered: "That was not denied yet",
	notAnsweredBody: "Open the app to answer",
	notApproved: "That was not approved yet",
	notApprovedBody: "Open the app to approve",
	deviceAdded: "A device was added",
	deviceRemoved: "A device was removed",
	passwordChanged: "Your password was changed",
	notice: "Something about your account has changed",
	noticeBody: "{about}",
};

/**
 * @param {string} sentence
 * @param {Record<string, string>} values
 */
export function fill(sentence, values) {
	return sentence.replace(/\{(\w+)\}/g, (gap, name) => values[name] ?? gap);
}
