-- Passkeys: discoverable WebAuthn credentials that sign their person in (mfa/passkey). They are
-- none of the credentials of devices, which have a table of their own and sign nobody in.
CREATE TABLE passkeys (
    id               TEXT    PRIMARY KEY,
    user_id          TEXT    NOT NULL,
    rp_id            TEXT    NOT NULL,
    user_handle      BYTEA   NOT NULL,
    credential_id    BYTEA   NOT NULL UNIQUE,
    record           BYTEA   NOT NULL,
    name             TEXT    NOT NULL,
    flags            BIGINT  NOT NULL,
    sign_count       BIGINT  NOT NULL,
    backup_eligible  BIGINT  NOT NULL,
    created_at       BIGINT  NOT NULL,
    used_at          BIGINT
);
CREATE INDEX passkeys_user ON passkeys (user_id, created_at);
