package app

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// What the system paints around the page before it has loaded: the card, since on a
// phone the card is the page. A manifest knows one scheme only; the page itself tells
// the colour of the dark one.
const cardColour = "#ffffff"

// manifest is what makes the page installable (W3C Web Application Manifest).
type manifest struct {
	ID              string `json:"id"`
	Name            string `json:"name"`
	ShortName       string `json:"short_name"`
	Description     string `json:"description"`
	Lang            string `json:"lang"`
	StartURL        string `json:"start_url"`
	Scope           string `json:"scope"`
	Display         string `json:"display"`
	ThemeColour     string `json:"theme_color"`
	BackgroundColor string `json:"background_color"`
	Icons           []icon `json:"icons"`
}

type icon struct {
	Src     string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose"`
}

// icons are the pictures of the installed app. A maskable one may be cut to any shape.
var icons = []icon{
	{Src: "icons/app-192.png", Sizes: "192x192", Type: "image/png", Purpose: "any"},
	{Src: "icons/app-512.png", Sizes: "512x512", Type: "image/png", Purpose: "any"},
	{Src: "icons/app-maskable-512.png", Sizes: "512x512", Type: "image/png", Purpose: "maskable"},
}

func (s *Surface) manifest(w http.ResponseWriter, _ *http.Request) error {
	name := s.site.Brand().Name
	m := manifest{
		ID: Home, Name: name, ShortName: name, Description: s.site.Text("app.description", name), Lang: "en",
		StartURL: Home, Scope: Home, Display: "standalone", ThemeColour: cardColour, BackgroundColor: cardColour,
	}
	for _, i := range icons {
		address, err := s.site.Static(i.Src)
		if err != nil {
			return fmt.Errorf("write the manifest: %w", err)
		}
		i.Src = address
		m.Icons = append(m.Icons, i)
	}
	body, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	w.Header().Set("Content-Type", "application/manifest+json")
	w.Header().Set("Cache-Control", "no-cache")
	_, err = w.Write(append(body, '\n'))
	return err
}
