package portal

// Held is one thing in the list of devices that proves its person: a passkey, an
// authenticator app or a hardware token.
type Held struct {
	ID    string
	Name  string
	Kind  string
	URL   string
	Added Moment
	Used  Moment
}

// Removal asks whether such a thing is to be removed. Box elsewhere, and button
// end-passkey in state endpasskey or end-token in state endtoken.
type Removal struct {
	Frame
	Name    string
	Action  string
	Token   string
	BackURL string
}
