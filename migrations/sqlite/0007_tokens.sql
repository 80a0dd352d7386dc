-- Authenticator apps and hardware tokens (mfa/token). counter is the last time step that was
-- used of a totp token, and the next one of an hotp token; it only grows.
CREATE TABLE otp_tokens (
    id          TEXT    PRIMARY KEY,
    user_id     TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    secret      BLOB    NOT NULL,
    algorithm   TEXT    NOT NULL,
    digits      INTEGER NOT NULL,
    period      INTEGER NOT NULL,
    counter     INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    made_by     TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    used_at     INTEGER
) STRICT;
CREATE INDEX otp_tokens_user ON otp_tokens (user_id, created_at);
CREATE INDEX otp_tokens_pending ON otp_tokens (created_at) WHERE state = 'pending';

-- Recovery codes (mfa/recovery). A person has one set at a time; its row is what two who make a
-- new one wait for. Codes are stored as HMACs under a key of this instance.
CREATE TABLE recovery_sets (
    user_id     TEXT    PRIMARY KEY,
    set_id      TEXT    NOT NULL,
    made_by     TEXT    NOT NULL,
    made_at     INTEGER NOT NULL
) STRICT;
CREATE TABLE recovery_codes (
    user_id     TEXT    NOT NULL,
    hash        BLOB    NOT NULL,
    set_id      TEXT    NOT NULL,
    used_at     INTEGER,
    PRIMARY KEY (user_id, hash)
) STRICT;
