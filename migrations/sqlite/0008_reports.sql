-- Sign-ins that a person reported as not theirs (idp). Browsers that nobody knows are kept out of the
-- network until blocked_until, or lifted_at if that comes first; while password_frozen is true the password
-- alone proves nothing and is changed only by another factor than push, or by the administrator.
CREATE TABLE reports (
    id               TEXT    PRIMARY KEY,
    user_id          TEXT    NOT NULL,
    challenge_id     TEXT    NOT NULL UNIQUE,
    login_id         TEXT    NOT NULL,
    client_id        TEXT    NOT NULL,
    device_id        TEXT    NOT NULL,
    network          TEXT    NOT NULL,
    ip               TEXT    NOT NULL,
    browser          TEXT    NOT NULL,
    os               TEXT    NOT NULL,
    at               INTEGER NOT NULL,
    blocked_until    INTEGER NOT NULL,
    lifted_at        INTEGER,
    lifted_by        TEXT    NOT NULL DEFAULT '',
    password_frozen  INTEGER NOT NULL
) STRICT;
CREATE INDEX reports_user ON reports (user_id, at);
CREATE INDEX reports_old ON reports (at);

-- Until when the person of a device wants it left alone, and where it last answered from (devices).
ALTER TABLE devices ADD COLUMN snoozed_until INTEGER;
ALTER TABLE devices ADD COLUMN seen_ip TEXT NOT NULL DEFAULT '';

-- How far the device that answered was from the browser that asked, as far as is known (mfa).
ALTER TABLE challenges ADD COLUMN device_network TEXT NOT NULL DEFAULT '';
ALTER TABLE challenges ADD COLUMN distance_km INTEGER;
ALTER TABLE challenges ADD COLUMN country TEXT NOT NULL DEFAULT '';
ALTER TABLE challenges ADD COLUMN new_country INTEGER NOT NULL DEFAULT 0;
