import { concat, utf8 } from "./bytes.js";

/**
 * The canonical encoding of a sequence of fields: each is its length in bytes, four bytes big-endian, and then its
 * bytes. Texts are taken as received.
 * @param {...(string | Uint8Array)} fields
 * @returns {Uint8Array}
 */
export function canonical(...fields) {
	return concat(...fields.flatMap((field) => {
		const bytes = typeof field === "string" ? utf8(field) : field;
		const length = new Uint8Array(4);
		new DataView(length.buffer).setUint32(0, bytes.length);
		return [length, bytes];
	}));
}
