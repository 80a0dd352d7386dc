-- What leaves nod: mails, webhooks and the events they are made of (internal/outbox). A row is
-- written by the transaction that caused it; next_at is NULL once nothing is to be tried any more.
-- The payload is sealed, and emptied when it was delivered.
CREATE TABLE outbox (
    id          TEXT    PRIMARY KEY,
    kind        TEXT    NOT NULL,
    label       TEXT    NOT NULL DEFAULT '',
    user_id     TEXT    NOT NULL DEFAULT '',
    payload     BYTEA   NOT NULL,
    state       TEXT    NOT NULL,
    made_at     BIGINT NOT NULL,
    next_at     BIGINT,
    attempts    BIGINT NOT NULL DEFAULT 0,
    failure     TEXT    NOT NULL DEFAULT '',
    expires_at  BIGINT NOT NULL,
    done_at     BIGINT
);
CREATE INDEX outbox_due ON outbox (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX outbox_made ON outbox (made_at);

-- Ways to a new password for somebody who forgot the old one (idp). The code works once and gives
-- the browser a ticket; the ticket works once and sets the password. Both are stored as hashes.
CREATE TABLE password_resets (
    id          TEXT    PRIMARY KEY,
    user_id     TEXT    NOT NULL,
    code_hash   BYTEA   NOT NULL,
    ticket_hash BYTEA,
    former      BYTEA   NOT NULL,
    made_by     TEXT    NOT NULL,
    epoch       BIGINT NOT NULL,
    made_at     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    opened_at   BIGINT,
    ended_at    BIGINT
);
CREATE UNIQUE INDEX password_resets_code ON password_resets (code_hash);
CREATE UNIQUE INDEX password_resets_ticket ON password_resets (ticket_hash) WHERE ticket_hash IS NOT NULL;
CREATE INDEX password_resets_user ON password_resets (user_id, made_at);
CREATE INDEX password_resets_expiry ON password_resets (expires_at);
