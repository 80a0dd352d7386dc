package app

import (
	"fmt"
	"io/fs"
	"slices"
)

// shared are the files of the layout that the page uses besides its own.
var shared = []string{"tokens.css", "base.css", "card.css", "controls.css", "brand.css", "favicon.svg"}

// shell lists the addresses that have to be at hand for opening without network: the
// page and every file it uses, all of one release.
func (s *Surface) shell() ([]string, error) {
	names := slices.Clone(shared)
	err := fs.WalkDir(Static(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the shell: %w", err)
	}
	slices.Sort(names)
	addresses := []string{Home}
	for _, name := range names {
		address, err := s.site.Static(name)
		if err != nil {
			return nil, fmt.Errorf("list the shell: %w", err)
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}
