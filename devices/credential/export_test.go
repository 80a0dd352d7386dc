package credential

// HeldOf is what the store would return for a record, without a database.
func HeldOf(r Record, rpID string, handle []byte) Held {
	return Held{RPID: rpID, Handle: handle, Registered: true, ID: r.ID, whole: r.whole, signCount: r.SignCount}
}
