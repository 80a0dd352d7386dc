-- Requests of clients whose person answers on another screen (idp/pairing, RFC 8628). device_code is the
-- SHA-256 of the client's secret, user_code a MAC of what the person types under a sealed key.
CREATE TABLE pairings (
    id           TEXT    PRIMARY KEY,
    issuer       TEXT    NOT NULL,
    epoch        INTEGER NOT NULL,
    client_id    TEXT    NOT NULL,
    device_code  BLOB    NOT NULL UNIQUE,
    user_code    BLOB    NOT NULL UNIQUE,
    scopes       TEXT    NOT NULL,
    ip           TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    user_id      TEXT    NOT NULL DEFAULT '',
    sid          TEXT    NOT NULL DEFAULT '',
    evidence     TEXT    NOT NULL,
    pace_ms      INTEGER NOT NULL,
    polled_at    INTEGER,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    decided_at   INTEGER
) STRICT;
CREATE INDEX pairings_expiry ON pairings (expires_at);

-- Requests of clients to ask a person by themselves (idp/ciba, OpenID Connect CIBA Core 1.0). user_id is empty
-- where nobody was meant: such a request waits like any other. auth_req_id is a SHA-256; notification is the
-- sealed token that the client is called back with. next_at is when the person is to be asked, null when they
-- were or will not be.
CREATE TABLE inquiries (
    id           TEXT    PRIMARY KEY,
    issuer       TEXT    NOT NULL,
    epoch        INTEGER NOT NULL,
    client_id    TEXT    NOT NULL,
    user_id      TEXT    NOT NULL,
    auth_req_id  BLOB    NOT NULL UNIQUE,
    scopes       TEXT    NOT NULL,
    message      TEXT    NOT NULL,
    ip           TEXT    NOT NULL,
    notification BLOB,
    state        TEXT    NOT NULL,
    challenge_id TEXT    NOT NULL DEFAULT '',
    pace_ms      INTEGER NOT NULL,
    polled_at    INTEGER,
    next_at      INTEGER,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX inquiries_expiry ON inquiries (expires_at);
CREATE INDEX inquiries_next ON inquiries (next_at);
