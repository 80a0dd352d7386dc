-- What people allowed clients to have (idp/consent): a row for each scope and each claim.
CREATE TABLE consents (
    issuer     TEXT    NOT NULL,
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  TEXT    NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN ('scope', 'claim')),
    name       TEXT    NOT NULL,
    allowed_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, client_id, kind, name)
) STRICT;

-- The single claims that a request asked for (idp/claims).
ALTER TABLE codes ADD COLUMN claims TEXT NOT NULL DEFAULT '{}';
ALTER TABLE grants ADD COLUMN claims TEXT NOT NULL DEFAULT '{}';

-- What a login still has to ask its person (idp).
ALTER TABLE logins ADD COLUMN questions TEXT NOT NULL DEFAULT '{}';

-- Authorization requests that clients pushed (idp/pushed).
CREATE TABLE pushed_requests (
    hash       BLOB    PRIMARY KEY,
    issuer     TEXT    NOT NULL,
    epoch      INTEGER NOT NULL,
    client_id  TEXT    NOT NULL,
    parameters TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    login_id   TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX pushed_requests_expiry ON pushed_requests (expires_at);
