package oidc

// Nonce is what a client's proofs must hold at present.
func (s *Surface) Nonce() string { return s.proofs.Nonce() }
