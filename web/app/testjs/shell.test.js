import assert from "node:assert/strict";
import { test } from "node:test";

import { cacheFirst, dropOldCaches, fillCache, networkFirst, strategy } from "../static/app/shell.js";

const origin = "https://login.example.com";

function fakeCaches(contents = {}) {
	const all = new Map(Object.entries(contents).map(([name, files]) => [name, new Map(Object.entries(files))]));
	return {
		all,
		keys: async () => [...all.keys()],
		delete: async (name) => all.delete(name),
		async open(name) {
			if (!all.has(name)) {
				all.set(name, new Map());
			}
			const files = all.get(name);
			return {
				match: async (request) => files.get(typeof request === "string" ? request : request.url),
				addAll: async (requests) => requests.forEach(({ url, cache, credentials }) => files.set(url, `${cache} ${credentials}`)),
			};
		},
	};
}

const newShell = (more) => ({ release: "new", page: "/app/", shell: ["/app/"], caches: fakeCaches({ "nod-new": { "/app/": "kept" } }), ...more });

test("the app's own pages come from the network first, its files from the cache, and nothing else is touched", () => {
	for (const [method, mode, path, want] of [
		["GET", "navigate", "/app/", "network"], ["GET", "navigate", "/app/enrol", "network"], ["GET", "cors", "/static/abc/app/ui/main.js", "cache"],
		["GET", "no-cors", "/static/abc/app.css", "cache"], ["POST", "cors", "/device/v1/requests", null], ["GET", "navigate", "/login/log_1", null],
		["GET", "navigate", "/account/", null], ["GET", "cors", "/app/manifest.webmanifest", null], ["POST", "navigate", "/app/", null],
		["GET", "navigate", "/static/abc/app.css", null], ["GET", "cors", "/device/v1/requests", null], ["GET", "navigate", "/apparatus", null],
	]) {
		assert.equal(strategy({ method, mode, url: origin + path }, "/app/", origin), want, `${method} ${mode} ${path}`);
	}
	assert.equal(strategy({ method: "GET", mode: "cors", url: "https://other.example/static/x.js" }, "/app/", origin), null);
});

test("installing fetches the shell past the browser's cache and without cookies, activating drops older ones", async (t) => {
	const before = globalThis.Request;
	globalThis.Request = class {
		constructor(url, init) {
			Object.assign(this, init, { url });
		}
	};
	t.after(() => (globalThis.Request = before));
	const caches = fakeCaches({ "nod-old": {}, "nod-older": {}, "another-app": {} });
	const shell = newShell({ caches, shell: ["/app/", "/static/new/app.css"] });
	await fillCache(shell);
	await dropOldCaches(shell);
	assert.deepEqual([...caches.all.keys()], ["another-app", "nod-new"]);
	assert.deepEqual([...caches.all.get("nod-new")], [["/app/", "reload omit"], ["/static/new/app.css", "reload omit"]]);
});

test("the page comes from the network when there is one", async () => {
	const fresh = new Response("fresh");
	assert.equal(await networkFirst(newShell({ fetch: async () => fresh }), { url: "/app/" }), fresh);
});

test("the page comes from the cache when network or server are down", async () => {
	assert.equal(await networkFirst(newShell({ fetch: () => Promise.reject(new TypeError("down")) }), { url: "/app/enrol" }), "kept");
	assert.equal(await networkFirst(newShell({ fetch: async () => new Response("", { status: 502 }) }), { url: "/app/" }), "kept");
});

test("the page comes from the cache when the network is slow", async () => {
	const shell = newShell({ fetch: () => new Promise(() => {}) });
	assert.equal(await networkFirst(shell, { url: "/app/" }, 20), "kept");
});

test("what was never kept fails as the network does, and shows what the server says", async () => {
	const caches = fakeCaches();
	await assert.rejects(networkFirst(newShell({ caches, fetch: () => Promise.reject(new TypeError("down")) }), { url: "/app/" }), TypeError);
	const broken = new Response("", { status: 502 });
	assert.equal(await networkFirst(newShell({ caches, fetch: async () => broken }), { url: "/app/" }), broken);
});

test("a file that is not of this release is fetched", async () => {
	const shell = newShell({ caches: fakeCaches({ "nod-new": { "/static/new/a.js": "kept" } }), fetch: async () => "fetched" });
	assert.equal(await cacheFirst(shell, { url: "/static/new/a.js" }), "kept");
	assert.equal(await cacheFirst(shell, { url: "/static/old/a.js" }), "fetched");
});
