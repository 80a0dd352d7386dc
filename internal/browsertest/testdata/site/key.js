// A signing key that no script can read, shared by page and worker.

/** @returns {Promise<IDBDatabase>} */
const open = () => new Promise((resolve, reject) => {
  const request = indexedDB.open("kit", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("keys");
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** @param {IDBRequest} request */
const result = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

async function pair() {
  const db = await open();
  const known = await result(db.transaction("keys").objectStore("keys").get("device"));
  if (known) return known;
  const made = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
  await result(db.transaction("keys", "readwrite").objectStore("keys").put(made, "device"));
  return made;
}

/** @returns {Promise<string>} the public half, an uncompressed point in base64 */
export async function publicKey() {
  return base64(await crypto.subtle.exportKey("raw", (await pair()).publicKey));
}

/** @param {string} text @returns {Promise<string>} r and s, in base64 */
export async function sign(text) {
  return base64(await crypto.subtle.sign(algorithm, (await pair()).privateKey, new TextEncoder().encode(text)));
}

/** @param {ArrayBuffer} buffer */
const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
