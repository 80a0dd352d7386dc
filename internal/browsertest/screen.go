package browsertest

import (
	"os"
	"path/filepath"
)

// A Screen is what a page is looked at on.
type Screen struct {
	Width, Height int
	Mobile        bool // with a touch screen, and a viewport as phones have it (Chromium)
	Dark          bool // the person prefers dark pages
	Still         bool // the person prefers reduced motion
}

// Phone returns the screen of a phone, 390 pixels wide.
func Phone() Screen { return Screen{Width: 390, Height: 844, Mobile: true} }

// Desktop returns the screen of a computer.
func Desktop() Screen { return Screen{Width: 1280, Height: 900} }

// InTheDark returns the same screen of somebody who prefers dark pages.
func (s Screen) InTheDark() Screen {
	s.Dark = true
	return s
}

// Save writes a picture to a file, in a folder that is made if need be.
func Save(file string, picture []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, picture, 0o644)
}
