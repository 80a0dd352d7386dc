// Package password hashes passwords, checks them, and judges the ones that people choose.
//
// It owns three things. A [Hasher] turns a password into an Argon2id string and checks it again later,
// never more at once than the machine has cores, with a bounded queue in front. A [Policy] says whether a
// password may be chosen (NIST SP 800-63B-4, section 3.1.1.2): long enough, not leaked before, not built
// from what everybody knows about its owner. The folder blocklist holds the leaked ones.
//
// It leaves to others: where the hash is stored, how often somebody may guess, what a page says and with
// which status, and everything about secrets that nod generates itself. Those have 256 bits and are kept
// as SHA-256; a slow hash would protect nothing there.
//
// Words: an encoded password is the PHC string that the database keeps. A refusal is a policy's no, with
// its reason. A context word is something an attacker knows about this user or this service.
package password
