-- Passkeys: discoverable WebAuthn credentials that sign their person in (mfa/passkey). They are
-- none of the credentials of devices, which have a table of their own and sign nobody in.
CREATE TABLE passkeys (
    id               TEXT    PRIMARY KEY,
    user_id          TEXT    NOT NULL,
    rp_id            TEXT    NOT NULL,
    user_handle      BLOB    NOT NULL,
    credential_id    BLOB    NOT NULL UNIQUE,
    record           BLOB    NOT NULL,
    name             TEXT    NOT NULL,
    flags            INTEGER NOT NULL,
    sign_count       INTEGER NOT NULL,
    backup_eligible  INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    used_at          INTEGER
) STRICT;
CREATE INDEX passkeys_user ON passkeys (user_id, created_at);
