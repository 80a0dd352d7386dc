package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Show which nod this is",
		Example: "  nod version --json",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			build := readBuild()
			return show(cmd, build, func(w io.Writer) {
				fmt.Fprintf(w, "nod %s (%s), %s, %s\n", build.Version, build.Revision, build.Go, build.Platform)
			})
		},
	}
	return bindJSON(cmd)
}

// build is what the binary knows about itself.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func readBuild() build {
	b := build{Version: "development", Revision: "unknown revision", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				b.Revision += " with changes"
			}
		}
	}
	return b
}
