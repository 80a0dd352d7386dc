/**
 * One account on this installation. What is null was not given or has been deleted.
 * @typedef {{
 *   deviceId: string, issuer: string, publicURL: string,
 *   account: {id: string, name: string, displayName: string},
 *   name: string, what the person called this device
 *   verification: "plain" | "pin" | "biometric", matchDigits: number,
 *   key: CryptoKeyPair | null, publicJwk: import("./keys.js").PublicJWK, fingerprint: string,
 *   pushSecret: CryptoKey | null, typedSecret: CryptoKey | null,
 *   pin: import("./pin.js").PINSeal | null,
 *   credential: {id: string, rpId: string, transports: string[]} | null,
 *   state: "credential" | "prove" | "confirm" | "active" | "suspended" | "gone",
 *   pushKey: string | null, base64url of the application server key
 *   channel: Channel | null,
 *   reported: string, a digest of the subscription that the server was last told of
 *   offset: number, milliseconds to add to this device's clock
 *   createdAt: string,
 *   pending: object | null, what an enrolment needs in order to go on
 * }} Account
 */

/**
 * The state of the push channel, as the server tells it.
 * @typedef {{on: boolean, forbidden?: boolean, subscribed: boolean, blocked: string, delivered_at?: string, failed_at?: string, failure?: string, snoozed_until?: string}} Channel
 */

/**
 * What this installation keeps. Page and worker each open their own.
 * @typedef {{
 *   accounts: () => Promise<Account[]>, in the order of their enrolment
 *   account: (id: string) => Promise<Account | undefined>,
 *   put: (account: Account) => Promise<Account>,
 *   patch: (id: string, changes: Partial<Account> | ((account: Account) => Partial<Account>)) => Promise<Account | undefined>,
 *   remove: (id: string) => Promise<void>,
 *   get: (name: string) => Promise<any>,
 *   set: (name: string, value: any) => Promise<void>,
 *   close: () => void,
 * }} Store
 */

/**
 * Opens the database "nod". Keys are kept as they are, by structured clone: usable and not readable.
 * @param {IDBFactory} [factory]
 * @returns {Promise<Store>}
 */
export async function openStore(factory = indexedDB) {
	let database = await open(factory);
	// Phones cut the connection of an app that was in the background for long; then it is opened once more.
	const within = async (name, mode, work) => {
		try {
			return await transact(database, name, mode, work);
		} catch (error) {
			if (error?.name !== "InvalidStateError") {
				throw error;
			}
			database = await open(factory);
			return transact(database, name, mode, work);
		}
	};
	return {
		async accounts() {
			const all = await within("accounts", "readonly", (store) => store.getAll());
			return all.sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0));
		},
		account: (id) => within("accounts", "readonly", (store) => store.get(id)),
		async put(account) {
			await within("accounts", "readwrite", (store) => store.put(account));
			return account;
		},
		// Page and worker write at the same time, so what is read and what is written stay in one transaction.
		async patch(id, changes) {
			let changed;
			await within("accounts", "readwrite", (store) => {
				const reading = store.get(id);
				reading.onsuccess = () => {
					if (reading.result) {
						const account = reading.result;
						changed = { ...account, ...(typeof changes === "function" ? changes(account) : changes) };
						store.put(changed);
					}
				};
				return reading;
			});
			return changed;
		},
		remove: (id) => within("accounts", "readwrite", (store) => store.delete(id)),
		get: (name) => within("settings", "readonly", (store) => store.get(name)),
		async set(name, value) {
			await within("settings", "readwrite", (store) => store.put(value, name));
		},
		close: () => database.close(),
	};
}

/**
 * Asks the browser not to throw the database away when space is short. It may say no, and may ask the person.
 * @returns {Promise<boolean>}
 */
export async function keepForGood() {
	return (await navigator.storage?.persist?.().catch(() => false)) ?? false;
}

function open(factory) {
	return new Promise((resolve, reject) => {
		const opening = factory.open("nod", 1);
		opening.onupgradeneeded = () => {
			opening.result.createObjectStore("accounts", { keyPath: "deviceId" });
			opening.result.createObjectStore("settings");
		};
		opening.onsuccess = () => {
			// A newer release of the page must not wait for an old one that was left open.
			opening.result.onversionchange = () => opening.result.close();
			resolve(opening.result);
		};
		opening.onerror = () => reject(opening.error);
	});
}

// Resolves when the transaction is complete, not when its request succeeded: only then is it stored.
function transact(database, name, mode, work) {
	return new Promise((resolve, reject) => {
		const transaction = database.transaction(name, mode);
		let request;
		transaction.oncomplete = () => resolve(request.result);
		transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
		request = work(transaction.objectStore(name));
	});
}
