// Package keys holds the keys that nod signs its tokens with.
//
// It owns making a key, its name, its public form, signing, and the ring: the keys of the installation in
// the table signing_keys, cached in memory. It leaves to others what is signed and when that expires
// (idp), where the public keys are served (web), and how a private key is encrypted at rest
// (internal/seal).
//
// Words: a key is one pair of private and public key bound to one algorithm. It is next while it is
// published and not yet used, active while it signs, retired while it is published only so that what it
// signed can be checked.
package keys
