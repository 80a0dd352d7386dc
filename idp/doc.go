// Package idp carries a person's login from the authorization request to the code:
// it owns the stored login, the pure decision what comes next, and the transactions
// in which a step is recorded. Users, clients, sessions, tokens and keys live in
// packages of their own below it. How a second factor is proven is left to mfa, how
// anything looks to web.
//
// Words: a login is one stored attempt of a browser; a step is a thing it still has
// to prove; evidence is what finished steps proved.
package idp
