package page

// Scopes says in sentences what an application wants by these scopes. One that nobody
// described is shown by its own name, since hiding it would be worse.
func (s *Site) Scopes(scopes []string) (items []string) {
	for _, scope := range scopes {
		switch scope {
		case "openid":
		case "profile":
			items = append(items, s.Text("scope.profile"))
		case "email":
			items = append(items, s.Text("scope.email"))
		case "phone":
			items = append(items, s.Text("scope.phone"))
		case "address":
			items = append(items, s.Text("scope.address"))
		case "groups":
			items = append(items, s.Text("scope.groups"))
		case "offline_access":
			items = append(items, s.Text("scope.offline"))
		default:
			items = append(items, s.Text("scope.other", scope))
		}
	}
	if len(items) == 0 {
		items = []string{s.Text("scope.openid")}
	}
	return items
}
