-- What devices have to tell their person about the account (devices). The row is also the
-- order to wake that device; next_at is NULL where nothing is to be sent.
CREATE TABLE device_notices (
    id          TEXT    PRIMARY KEY,
    device_id   TEXT    NOT NULL,
    user_id     TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    about       TEXT    NOT NULL DEFAULT '',
    wake_id     TEXT    NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    seen_at     BIGINT,
    next_at     BIGINT,
    attempts    BIGINT NOT NULL DEFAULT 0,
    failure     TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX device_notices_device ON device_notices (device_id, created_at);
CREATE INDEX device_notices_due ON device_notices (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX device_notices_expiry ON device_notices (expires_at);

-- Which clients a person signed in to, for their own pages (idp/token).
CREATE INDEX codes_user ON codes (user_id);
