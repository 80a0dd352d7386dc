package server

import "github.com/nod-idp/nod/internal/disk"

// openDisk looks at what SQLite's file lies on, and sees to a reserve for the day when it
// is full. The configuration has refused what is certain to damage it.
func (s *Server) openDisk() {
	o := s.Options
	if o.Place.Database != "" {
		return
	}
	if v, err := disk.Look(o.Place.DatabaseAddress()); err == nil && v.Kind == disk.Foreign {
		o.log().Warn("the data directory is on a file system in user space: if it reaches over a network, SQLite can be damaged",
			"data", o.Place.Data, "file_system", v.Name)
	}
	s.ballast = &disk.Ballast{Dir: o.Place.Data, Log: o.log(), Freed: s.sweepOnce}
}
