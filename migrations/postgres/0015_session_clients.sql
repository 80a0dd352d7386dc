-- The clients that know a session by its sid (idp/session): whom its end is told to. ended_at is
-- when that was.
CREATE TABLE session_clients (
    sid        TEXT    NOT NULL,
    client_id  TEXT    NOT NULL,
    epoch      BIGINT NOT NULL,
    joined_at  BIGINT NOT NULL,
    ended_at   BIGINT,
    PRIMARY KEY (sid, client_id)
);
