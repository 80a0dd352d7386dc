package keys

import "context"

func (r *Ring) infos(ctx context.Context) (lines []infoRow, err error) {
	err = r.DB.Select(ctx, &lines, `SELECT kid, algorithm, state, created_at, activated_at, retired_at
		FROM signing_keys WHERE issuer = $1 ORDER BY algorithm, created_at, kid`, r.issuer())
	return lines, err
}
