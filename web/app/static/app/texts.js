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
	notDenied: "That was not denied yet",
	notApproved: "That was not approved yet",
	openApp: "Open the app to answer",
	deviceAdded: "A device was added",
	deviceRemoved: "A device was removed",
	passwordChanged: "Your password was changed",
	notice: "Something about your account has changed",
};

/**
 * @param {string} sentence
 * @param {Record<string, string>} values
 */
export function fill(sentence, values) {
	return sentence.replace(/\{(\w+)\}/g, (gap, name) => values[name] ?? gap);
}
