// Loaded before the tests: node 18 keeps WebCrypto in a module, browsers and later nodes have it everywhere.
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
