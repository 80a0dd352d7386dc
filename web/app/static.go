package app

import (
	"embed"
	"io/fs"

	"github.com/nod-idp/nod/web/page"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Static is the folder of this surface's style sheets, scripts and icons, for page.New.
func Static() fs.FS { return page.Folder(staticFiles) }
