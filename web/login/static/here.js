/**
 * Shows the way to this browser's own authenticator, if it is one of those that were asked. The authenticator is a
 * page of the same origin and keeps its accounts in the database "nod"; nothing of them is read but their ids.
 * @param {HTMLAnchorElement} link
 */
export async function offerHere(link) {
	const asked = link.dataset.here.split(" ");
	try {
		const held = await accounts();
		link.hidden = !held.some((id) => asked.includes(id));
	} catch {
		// A browser that keeps its databases to itself has no authenticator to offer.
	}
}

/**
 * The ids of the accounts on this device. A database that does not exist is not made.
 * @returns {Promise<string[]>}
 */
async function accounts() {
	const all = await indexedDB.databases();
	if (!all.some((database) => database.name === "nod")) {
		return [];
	}
	const database = await settled(indexedDB.open("nod"));
	try {
		if (!database.objectStoreNames.contains("accounts")) {
			return [];
		}
		return await settled(database.transaction("accounts").objectStore("accounts").getAllKeys());
	} finally {
		database.close();
	}
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function settled(request) {
	return new Promise((resolve, reject) => {
		request.addEventListener("success", () => resolve(request.result));
		request.addEventListener("error", () => reject(request.error));
	});
}
