-- Until when a person waives prompts on a browser of theirs; NULL for not at all (idp/session).
ALTER TABLE browsers ADD COLUMN waived_until INTEGER;

-- The person asked not to be prompted on this browser any more, once this login is through (idp).
ALTER TABLE logins ADD COLUMN waive INTEGER NOT NULL DEFAULT 0;

-- How a person likes to prove the second factor (mfa).
CREATE TABLE preferences (
    user_id      TEXT    PRIMARY KEY,
    last_method  TEXT    NOT NULL DEFAULT '',
    at_once      INTEGER NOT NULL DEFAULT 0,
    changed_at   INTEGER NOT NULL
) STRICT;
