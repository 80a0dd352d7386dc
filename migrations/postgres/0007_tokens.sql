-- Authenticator apps and hardware tokens (mfa/token). counter is the last time step that was
-- used of a totp token, and the next one of an hotp token; it only grows.
CREATE TABLE otp_tokens (
    id          TEXT    PRIMARY KEY,
    user_id     TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    secret      BYTEA   NOT NULL,
    algorithm   TEXT    NOT NULL,
    digits      BIGINT NOT NULL,
    period      BIGINT NOT NULL,
    counter     BIGINT NOT NULL,
    state       TEXT    NOT NULL,
    made_by     TEXT    NOT NULL,
    created_at  BIGINT NOT NULL,
    used_at     BIGINT
);
CREATE INDEX otp_tokens_user ON otp_tokens (user_id, created_at);
CREATE INDEX otp_tokens_pending ON otp_tokens (created_at) WHERE state = 'pending';

-- Recovery codes (mfa/recovery). A person has one set at a time; its row is what two who make a
-- new one wait for. Codes are stored as HMACs under a key of this instance.
CREATE TABLE recovery_sets (
    user_id     TEXT    PRIMARY KEY,
    set_id      TEXT    NOT NULL,
    made_by     TEXT    NOT NULL,
    made_at     BIGINT NOT NULL
);
CREATE TABLE recovery_codes (
    user_id     TEXT    NOT NULL,
    hash        BYTEA   NOT NULL,
    set_id      TEXT    NOT NULL,
    used_at     BIGINT,
    PRIMARY KEY (user_id, hash)
);
