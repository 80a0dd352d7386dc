package page

import "github.com/nod-idp/nod/idp/password"

// PasswordRefusal says why a password must not be chosen (NIST SP 800-63B-4, section
// 3.1.1.2). least is how many characters it needs.
func (s *Site) PasswordRefusal(reason password.Reason, least int) string {
	switch reason {
	case password.TooShort:
		return s.Text("password.short", least)
	case password.TooLong:
		return s.Text("password.long", password.MaxLength)
	case password.Personal:
		return s.Text("password.personal")
	case password.Pattern:
		return s.Text("password.pattern")
	case password.Leaked:
		return s.Text("password.leaked")
	}
	return s.Text("password.unusable")
}
