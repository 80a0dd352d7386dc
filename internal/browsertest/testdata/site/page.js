// What the tests call by name: globalThis.kit.
import { publicKey } from "/key.js";

/** @param {string} text base64url */
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

/** @param {ArrayBuffer} buffer */
const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");

// Where strings may not become scripts, the worker's address has to be vouched for.
const own = globalThis.trustedTypes?.createPolicy("kit", { createScriptURL: () => "/worker.js" });

const user = { id: new Uint8Array([1, 2, 3, 4]), name: "someone", displayName: "Someone" };
const salt = { eval: { first: new Uint8Array(32) } };

globalThis.kit = {
  publicKey,

  /** Subscribes this browser for the owner of a VAPID key. @param {string} senderKey */
  async subscribe(senderKey) {
    await navigator.serviceWorker.register(own?.createScriptURL("") ?? "/worker.js", { type: "module" });
    const { pushManager } = await navigator.serviceWorker.ready;
    return await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(senderKey) });
  },

  async subscription() {
    return (await navigator.serviceWorker.ready).pushManager.getSubscription();
  },

  async unsubscribe() {
    return (await this.subscription()).unsubscribe();
  },

  /** Does what a page must not, and waits until the browser has said so. */
  async misbehave() {
    console.error("said on purpose");
    setTimeout(() => { throw new Error("thrown on purpose"); });
    const blocked = new Promise((resolve) => document.addEventListener("securitypolicyviolation", resolve, { once: true }));
    document.body.setAttribute("style", "color: red");
    await blocked;
    await new Promise((resolve) => setTimeout(resolve, 50));
  },

  /** Makes a key that asks for a fingerprint, and says what came of it. */
  async create() {
    const made = await navigator.credentials.create({
      publicKey: {
        rp: { name: "kit" },
        user,
        challenge: new Uint8Array(32),
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
        authenticatorSelection: { userVerification: "required", residentKey: "required" },
        extensions: { prf: salt },
      },
    });
    const data = new Uint8Array(made.response.getAuthenticatorData());
    const prf = made.getClientExtensionResults().prf;
    return { id: made.id, flags: data[32], prfEnabled: prf?.enabled ?? false, prf: prf?.results ? hex(prf.results.first) : "" };
  },

  /** Asks for the fingerprint; says what came of it, or the error's name. */
  async get() {
    try {
      const got = await navigator.credentials.get({
        publicKey: { challenge: new Uint8Array(32), userVerification: "required", extensions: { prf: salt } },
      });
      const prf = got.getClientExtensionResults().prf;
      return { id: got.id, flags: new Uint8Array(got.response.authenticatorData)[32], prf: prf?.results ? hex(prf.results.first) : "" };
    } catch (error) {
      return { error: error.name };
    }
  },
};

document.getElementById("greet")?.addEventListener("click", (event) => {
  const name = /** @type {HTMLInputElement} */ (document.getElementById("name")).value;
  document.getElementById("greeting").textContent = `Hello ${name}, ${event.isTrusted ? "truly" : "as it seems"}`;
});
