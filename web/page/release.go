package page

// Release names what the static files are at present: it changes when one of them does.
func (s *Site) Release() string { return s.assets.hash }

// Brand is the organisation's, with its gaps filled in.
func (s *Site) Brand() Brand { return s.brand }
