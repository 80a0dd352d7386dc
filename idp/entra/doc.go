// Package entra is the contract with Microsoft Entra: nod as an external authentication
// method, which is asked for the second factor after Entra has checked the first.
//
// It owns the tenants that are registered, whom their accounts belong to here, how Entra's
// hint and its wishes are read, and what Entra is answered. Each tenant has an issuer and a
// key of its own, so that what one of them says can never act anywhere else. The login in
// between is carried by idp, its pages are web/login's, the endpoints web/entra's.
//
// Words: a tenant is one registration of one directory of Microsoft's. An account is
// somebody in that directory, known by its oid; a link says whose account it is. A hint is
// the token in which Entra names an account. The cloud says which Microsoft it is.
//
// The contract is Microsoft's "external method provider reference" for multifactor
// authentication.
package entra
