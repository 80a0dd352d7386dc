// Node 18, which Debian 12 has, keeps WebCrypto in a module; the libraries look for it where
// browsers have it.
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;
