import assert from "node:assert/strict";
import { test } from "node:test";

import { parseLink } from "../static/app/link.js";

const here = "https://login.example.com";
const token = "nol_ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

test("a whole link and a bare token are read, with space around them", () => {
	for (const text of [`${here}/app/enrol#${token}`, `  ${here}/app/enrol#${token}\n`, `${here}/app/#${token}`, token, ` ${token} `,
		`HTTPS://LOGIN.example.com:443/app/enrol#${token}`]) {
		assert.deepEqual(parseLink(text, here), { token }, text);
	}
	assert.deepEqual(parseLink(`${here}/sso/app/enrol#${token}`, `${here}/sso/`), { token });
});

test("a link to another server is refused, and says so", () => {
	for (const text of [`https://login.example.org/app/enrol#${token}`, `http://login.example.com/app/enrol#${token}`,
		`https://login.example.com:8443/app/enrol#${token}`, `https://login.example.com.evil.example/app/enrol#${token}`,
		`https://login.example.com@evil.example/app/enrol#${token}`]) {
		assert.throws(() => parseLink(text, here), { name: "LinkError", reason: "other-server" }, text);
	}
});

test("what is no link is refused", () => {
	for (const text of ["", "hello", "javascript:alert(1)", `data:text/html,#${token}`, `${here}/account/#${token}`, `${here}/#${token}`,
		`${here}/app/enrol?x=1#${token}`, `https://alice:secret@login.example.com/app/enrol#${token}`, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]) {
		assert.throws(() => parseLink(text, here), { name: "LinkError", reason: "not-a-link" }, text);
	}
});

test("a token that was damaged on its way is told apart, and never repeated", () => {
	for (const text of [`${here}/app/enrol`, `${here}/app/enrol#`, `${here}/app/enrol#nol_`, "nol_short", `${here}/app/enrol#${token}%20`,
		`nol_${"A".repeat(300)}`, `${here}/app/enrol#req_ABCDEFGHIJKLMNOPQRSTUVWXYZ`, `${token} and more`]) {
		assert.throws(() => parseLink(text, here), (error) => {
			assert.equal(error.reason, "damaged", text);
			assert.ok(!error.message.includes("nol_"), error.message);
			return true;
		});
	}
});
