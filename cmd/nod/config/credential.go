package config

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/nod-idp/nod/internal/seal"
)

// fromCredentials finds the sealing key among the credentials that systemd gives a service
// (LoadCredential=sealing.key:… or LoadCredentialEncrypted=). Whatever else names a file
// counts before it.
func fromCredentials(environ []string) source {
	for _, pair := range environ {
		dir, ok := strings.CutPrefix(pair, seal.CredentialsVariable+"=")
		if !ok || dir == "" {
			continue
		}
		path := filepath.Join(dir, "sealing.key")
		if _, err := os.Stat(path); err == nil {
			return source{"sealing_key_file": {path, "systemd credential sealing.key"}}
		}
	}
	return nil
}
