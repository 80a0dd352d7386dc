-- Microsoft Entra tenants that nod is an external authentication method of (idp/entra). authority and
-- reply_url replace the cloud's own addresses in rehearsals on this machine.
CREATE TABLE entra_tenants (
    id          TEXT    PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    tenant      TEXT    NOT NULL,
    app_id      TEXT    NOT NULL,
    client_id   TEXT    NOT NULL,
    cloud       TEXT    NOT NULL CHECK (cloud IN ('global', 'usgov', 'china')),
    authority   TEXT    NOT NULL DEFAULT '',
    reply_url   TEXT    NOT NULL DEFAULT '',
    enrol       BOOLEAN NOT NULL,
    created_at  BIGINT  NOT NULL
);

-- Whom an account of a tenant (its oid) belongs to here.
CREATE TABLE entra_links (
    entra_id    TEXT    NOT NULL REFERENCES entra_tenants (id) ON DELETE CASCADE,
    oid         TEXT    NOT NULL,
    user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    made_by     TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL,
    PRIMARY KEY (entra_id, oid)
);
CREATE INDEX entra_links_user ON entra_links (user_id);

-- Codes by which a person links their account of a tenant at their first sign-in, once.
CREATE TABLE entra_codes (
    mac         BYTEA   PRIMARY KEY,
    entra_id    TEXT    NOT NULL REFERENCES entra_tenants (id) ON DELETE CASCADE,
    user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch       BIGINT  NOT NULL,
    created_at  BIGINT  NOT NULL,
    expires_at  BIGINT  NOT NULL
);
CREATE INDEX entra_codes_expiry ON entra_codes (expires_at);
