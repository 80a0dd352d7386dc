-- The WebAuthn credential that binds a device to its person (devices/credential). The
-- row comes with the device; the credential is registered once.
CREATE TABLE device_credentials (
    device_id      TEXT    PRIMARY KEY,
    rp_id          TEXT    NOT NULL,
    user_handle    BLOB    NOT NULL,
    credential_id  BLOB    UNIQUE,
    record         BLOB,
    flags          INTEGER NOT NULL DEFAULT 0,
    sign_count     INTEGER NOT NULL DEFAULT 0,
    created_at     INTEGER NOT NULL,
    registered_at  INTEGER,
    used_at        INTEGER
) STRICT;

-- How the device of a link has to verify its person, '' for the installation's rule (devices).
ALTER TABLE enrolments ADD COLUMN rule TEXT NOT NULL DEFAULT '';

-- Why the device itself says that it cannot be woken, '' if it can (devices/push).
ALTER TABLE push_subscriptions ADD COLUMN blocked TEXT NOT NULL DEFAULT '';

-- The answer came from the very browser that asked, so no number was needed (mfa).
ALTER TABLE challenges ADD COLUMN same_browser INTEGER NOT NULL DEFAULT 0;
