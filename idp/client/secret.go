package client

import (
	"context"
	"fmt"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// liveSecrets is how many secrets a client may have at once: the one it uses and the
// one it is about to use.
const liveSecrets = 2

// freshSecret is a secret on its way to the person who asked for it.
type freshSecret struct {
	Secret
	text string
}

func (s *Clients) newSecret() freshSecret {
	text := random.Token(secretPrefix)
	return freshSecret{Secret{ID: random.ID("sec"), CreatedAt: db.At(s.now()).Time, hash: random.Hash(text)}, text}
}

// AddSecret gives the client a further secret, told this once. The newest of those it
// had stays valid, so that the application can be changed over without a gap; older
// ones end.
func (s *Clients) AddSecret(ctx context.Context, id string) (string, error) {
	return s.changeSecret(ctx, id, liveSecrets-1)
}

// ReplaceSecrets gives the client a new secret, told this once, and ends all others at
// once: for a secret that has leaked.
func (s *Clients) ReplaceSecrets(ctx context.Context, id string) (string, error) {
	return s.changeSecret(ctx, id, 0)
}

func (s *Clients) changeSecret(ctx context.Context, id string, keep int) (string, error) {
	fresh := s.newSecret()
	err := s.write(ctx, func(tx *db.Tx) error {
		c, err := findClientTx(tx, id)
		if err != nil {
			return err
		}
		if c.AuthMethod == AuthPrivateKey {
			return ErrKeyed
		}
		if c.Public() {
			return ErrPublic
		}
		if err := deleteSecrets(tx, id, keep); err != nil {
			return err
		}
		if err := insertSecret(tx, id, fresh.Secret); err != nil {
			return err
		}
		return s.recordTx(tx, "client.secret.added", id, map[string]any{"secret": fresh.ID, "kept": min(keep, len(c.secrets))})
	})
	if err != nil {
		return "", fmt.Errorf("new secret for client %q: %w", id, err)
	}
	return fresh.text, nil
}
