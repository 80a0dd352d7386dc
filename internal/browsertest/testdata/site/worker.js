// Tells the test whatever happens to it.
import { sign } from "/key.js";

/** @param {Record<string, unknown>} what */
const tell = (what) => fetch("/heard", { method: "POST", body: JSON.stringify(what) });

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("push", (event) => event.waitUntil((async () => {
  const text = event.data?.text() ?? "";
  if (text === "throw") throw new Error("thrown by the worker on purpose");
  const pages = await clients.matchAll({ includeUncontrolled: true });
  await registration.showNotification(text, { body: "the kit's notification", tag: "kit", actions: [{ action: "deny", title: "Deny" }] });
  await tell({ event: "push", text, pages: pages.length, signature: await sign(text) });
})()));

addEventListener("notificationclick", (event) => event.waitUntil((async () => {
  event.notification.close();
  if (event.action === "") await clients.openWindow("/index.html?opened");
  await tell({ event: "click", action: event.action, trusted: event.isTrusted });
})()));

addEventListener("notificationclose", (event) => event.waitUntil(tell({ event: "close" })));

addEventListener("pushsubscriptionchange", (event) => event.waitUntil(
  tell({ event: "change", text: event.oldSubscription?.endpoint ?? "" })));
