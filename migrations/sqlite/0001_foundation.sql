-- The one row that says which installation this is (internal/instance).
CREATE TABLE instance (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    id          TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    public_url  TEXT    NOT NULL,
    canary      BLOB    NOT NULL,
    root        BLOB    NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

-- Counters that tell every process that a cached kind of row has changed (internal/db).
CREATE TABLE versions (
    name     TEXT    PRIMARY KEY,
    version  INTEGER NOT NULL
) STRICT;
INSERT INTO versions (name, version) VALUES ('clients', 1), ('keys', 1), ('policy', 1);

-- Who may run a background job at present (internal/db).
CREATE TABLE leases (
    name        TEXT    PRIMARY KEY,
    holder      TEXT    NOT NULL,
    fence       INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT;

-- Values that may be honoured only once, such as DPoP jti (internal/db).
CREATE TABLE replays (
    kind        TEXT    NOT NULL,
    hash        BLOB    NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (kind, hash)
) STRICT;
CREATE INDEX replays_expiry ON replays (expires_at);

-- The journal (internal/audit). seq, prev and hash are set by the sealer.
CREATE TABLE audit (
    id          TEXT    PRIMARY KEY,
    at          INTEGER NOT NULL,
    action      TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    user_id     TEXT    NOT NULL DEFAULT '',
    client_id   TEXT    NOT NULL DEFAULT '',
    ip          TEXT    NOT NULL DEFAULT '',
    request_id  TEXT    NOT NULL DEFAULT '',
    detail      TEXT    NOT NULL DEFAULT '{}',
    seq         INTEGER UNIQUE,
    prev        BLOB,
    hash        BLOB
) STRICT;
CREATE INDEX audit_time ON audit (at, id);
CREATE INDEX audit_unsealed ON audit (at, id) WHERE seq IS NULL;
CREATE INDEX audit_user ON audit (user_id, at);

CREATE TABLE audit_heads (
    seq         INTEGER PRIMARY KEY,
    hash        BLOB    NOT NULL,
    signature   BLOB    NOT NULL,
    public_key  BLOB    NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

-- People (idp/user).
CREATE TABLE users (
    id                   TEXT    PRIMARY KEY,
    name                 TEXT    NOT NULL,
    name_key             TEXT    NOT NULL UNIQUE,
    email_key            TEXT    UNIQUE,
    state                TEXT    NOT NULL CHECK (state IN ('active', 'disabled')),
    password_hash        TEXT,
    password_changed_at  INTEGER,
    claims               TEXT    NOT NULL DEFAULT '{}',
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL
) STRICT;

CREATE TABLE groups (
    id          TEXT    PRIMARY KEY,
    name        TEXT    NOT NULL,
    name_key    TEXT    NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE group_members (
    group_id  TEXT    NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id   TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    added_at  INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id)
) STRICT;
CREATE INDEX group_members_user ON group_members (user_id);

-- Applications (idp/client).
CREATE TABLE clients (
    id                          TEXT    PRIMARY KEY,
    issuer                      TEXT    NOT NULL,
    name                        TEXT    NOT NULL,
    state                       TEXT    NOT NULL CHECK (state IN ('active', 'removed')),
    auth_method                 TEXT    NOT NULL,
    redirect_uris               TEXT    NOT NULL,
    post_logout_redirect_uris   TEXT    NOT NULL,
    grants                      TEXT    NOT NULL,
    response_types              TEXT    NOT NULL,
    pkce                        TEXT    NOT NULL CHECK (pkce IN ('required', 'optional')),
    second_factor               TEXT    NOT NULL,
    id_token_alg                TEXT    NOT NULL,
    refresh_rotation            INTEGER NOT NULL,
    origins                     TEXT    NOT NULL DEFAULT '[]',
    created_at                  INTEGER NOT NULL,
    updated_at                  INTEGER NOT NULL
) STRICT;

CREATE TABLE client_secrets (
    id          TEXT    PRIMARY KEY,
    client_id   TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    hash        BLOB    NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX client_secrets_client ON client_secrets (client_id);

-- Signing keys (idp/keys).
CREATE TABLE signing_keys (
    kid           TEXT    PRIMARY KEY,
    issuer        TEXT    NOT NULL,
    algorithm     TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('next', 'active', 'retired')),
    private       BLOB    NOT NULL,
    public        TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    activated_at  INTEGER,
    retired_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (issuer, algorithm) WHERE state = 'active';

-- Attempts of a browser to get through /authorize (idp).
CREATE TABLE logins (
    id              TEXT    PRIMARY KEY,
    issuer          TEXT    NOT NULL,
    epoch           INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('open', 'done', 'cancelled')),
    browser_hash    BLOB    NOT NULL,
    client_id       TEXT    NOT NULL,
    request         TEXT    NOT NULL,
    user_id         TEXT,
    evidence        TEXT    NOT NULL DEFAULT '{}',
    method          TEXT    NOT NULL DEFAULT '',
    notice          TEXT    NOT NULL DEFAULT '{}',
    failure         TEXT    NOT NULL DEFAULT '',
    challenge_id    TEXT,
    known_browser   TEXT    NOT NULL DEFAULT '',
    session_id      TEXT,
    ip              TEXT    NOT NULL,
    user_agent      TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    finished_at     INTEGER
) STRICT;
CREATE INDEX logins_expiry ON logins (expires_at);
CREATE INDEX logins_user ON logins (user_id);

-- Signed-in browsers (idp/session).
CREATE TABLE sessions (
    id            TEXT    PRIMARY KEY,
    sid           TEXT    NOT NULL,
    issuer        TEXT    NOT NULL,
    epoch         INTEGER NOT NULL,
    token_hash    BLOB    NOT NULL UNIQUE,
    user_id       TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    evidence      TEXT    NOT NULL,
    challenge_id  TEXT    UNIQUE,
    ip            TEXT    NOT NULL,
    user_agent    TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    end_reason    TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX sessions_sid ON sessions (sid);
CREATE INDEX sessions_user ON sessions (user_id, created_at);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Browsers that completed a whole login (idp/session).
CREATE TABLE browsers (
    id          TEXT    PRIMARY KEY,
    epoch       INTEGER NOT NULL,
    token_hash  BLOB    NOT NULL,
    user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    ip          TEXT    NOT NULL,
    user_agent  TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    UNIQUE (token_hash, user_id)
) STRICT;
CREATE INDEX browsers_user ON browsers (user_id);
CREATE INDEX browsers_expiry ON browsers (expires_at);

-- What a client was given (idp/token).
CREATE TABLE grants (
    id             TEXT    PRIMARY KEY,
    issuer         TEXT    NOT NULL,
    epoch          INTEGER NOT NULL,
    client_id      TEXT    NOT NULL,
    user_id        TEXT    NOT NULL DEFAULT '',
    sid            TEXT    NOT NULL DEFAULT '',
    scopes         TEXT    NOT NULL,
    offline        INTEGER NOT NULL,
    evidence       TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    revoked_at     INTEGER,
    revoke_reason  TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX grants_user ON grants (user_id);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_sid ON grants (sid);
CREATE INDEX grants_expiry ON grants (expires_at);

CREATE TABLE codes (
    hash            BLOB    PRIMARY KEY,
    issuer          TEXT    NOT NULL,
    epoch           INTEGER NOT NULL,
    login_id        TEXT    UNIQUE,
    client_id       TEXT    NOT NULL,
    user_id         TEXT    NOT NULL,
    sid             TEXT    NOT NULL,
    redirect_uri    TEXT    NOT NULL,
    nonce           TEXT    NOT NULL,
    code_challenge  TEXT    NOT NULL,
    scopes          TEXT    NOT NULL,
    evidence        TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    used_at         INTEGER,
    grant_id        TEXT
) STRICT;
CREATE INDEX codes_expiry ON codes (expires_at);

CREATE TABLE access_tokens (
    hash        BLOB    PRIMARY KEY,
    id          TEXT    NOT NULL,
    issuer      TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    grant_id    TEXT    NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    client_id   TEXT    NOT NULL,
    user_id     TEXT    NOT NULL,
    scopes      TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;
CREATE INDEX access_tokens_grant ON access_tokens (grant_id);
CREATE INDEX access_tokens_expiry ON access_tokens (expires_at);

CREATE TABLE refresh_tokens (
    hash             BLOB    PRIMARY KEY,
    issuer           TEXT    NOT NULL,
    epoch            INTEGER NOT NULL,
    grant_id         TEXT    NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    client_id        TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    idle_expires_at  INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    rotated_at       INTEGER,
    successor_hash   BLOB
) STRICT;
CREATE INDEX refresh_tokens_grant ON refresh_tokens (grant_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (idle_expires_at);

-- Devices and how they come in (devices).
CREATE TABLE devices (
    id              TEXT    PRIMARY KEY,
    user_id         TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    kind            TEXT    NOT NULL CHECK (kind IN ('software', 'web', 'native')),
    state           TEXT    NOT NULL CHECK (state IN ('enrolling', 'active', 'suspended', 'removed')),
    verification    TEXT    NOT NULL CHECK (verification IN ('plain', 'pin', 'biometric')),
    public_key      TEXT    NOT NULL,
    thumbprint      TEXT    NOT NULL UNIQUE,
    push_secret     BLOB,
    pin_secret      BLOB,
    typed_secret    BLOB,
    pin_half        BLOB,
    pin_failures    INTEGER NOT NULL DEFAULT 0,
    typed_step      INTEGER NOT NULL DEFAULT 0,
    push_on         INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    activated_at    INTEGER,
    seen_at         INTEGER,
    ended_at        INTEGER,
    end_reason      TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX devices_user ON devices (user_id, state);

CREATE TABLE enrolments (
    id          TEXT    PRIMARY KEY,
    epoch       INTEGER NOT NULL,
    user_id     TEXT    NOT NULL,
    token_hash  BLOB    NOT NULL UNIQUE,
    state       TEXT    NOT NULL CHECK (state IN ('open', 'claimed', 'proved', 'active', 'refused', 'expired')),
    confirm     INTEGER NOT NULL,
    device_id   TEXT    UNIQUE,
    question    BLOB,
    tries       INTEGER NOT NULL DEFAULT 0,
    made_by     TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX enrolments_user ON enrolments (user_id, state);
CREATE INDEX enrolments_expiry ON enrolments (expires_at);

-- Questions put to devices during a login (mfa).
CREATE TABLE challenges (
    id             TEXT    PRIMARY KEY,
    epoch          INTEGER NOT NULL,
    user_id        TEXT    NOT NULL,
    login_id       TEXT    NOT NULL,
    client_id      TEXT    NOT NULL,
    budget         TEXT    NOT NULL,
    browser        TEXT    NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('pending', 'approved', 'verified', 'denied', 'reported',
                                                     'expired', 'superseded', 'withdrawn', 'failed')),
    nonce          TEXT    NOT NULL,
    match_digits   INTEGER NOT NULL,
    context        TEXT    NOT NULL,
    network        TEXT    NOT NULL,
    new_client     INTEGER NOT NULL,
    new_network    INTEGER NOT NULL,
    tries          INTEGER NOT NULL DEFAULT 0,
    device_id      TEXT,
    methods        TEXT    NOT NULL DEFAULT '[]',
    passcode       BLOB,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    answered_at    INTEGER,
    finish_by      INTEGER,
    verified_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX challenges_one_pending ON challenges (user_id) WHERE state = 'pending';
CREATE INDEX challenges_login ON challenges (login_id);
CREATE INDEX challenges_seen ON challenges (user_id, client_id) WHERE state = 'verified';
CREATE INDEX challenges_unverified ON challenges (expires_at) WHERE state <> 'verified';
CREATE INDEX challenges_expiry ON challenges (expires_at);

-- A challenge on one device; the row is also the order to wake that device (mfa).
CREATE TABLE deliveries (
    challenge_id  TEXT    NOT NULL REFERENCES challenges (id) ON DELETE CASCADE,
    device_id     TEXT    NOT NULL,
    wake_id       TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('queued', 'sent', 'delivered', 'opened', 'answered')),
    queued_at     INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    PRIMARY KEY (challenge_id, device_id)
) STRICT;
CREATE INDEX deliveries_device ON deliveries (device_id, queued_at);

-- How many prompts a person was sent and did not approve (mfa).
CREATE TABLE prompt_budgets (
    user_id         TEXT    NOT NULL,
    scope           TEXT    NOT NULL,
    spent           INTEGER NOT NULL,
    last_at         INTEGER NOT NULL,
    before_last_at  INTEGER,
    paused_at       INTEGER,
    PRIMARY KEY (user_id, scope)
) STRICT;

-- Wrong guesses and attempts in flight (mfa/throttle).
CREATE TABLE guesses (
    account        TEXT    NOT NULL,
    scope          TEXT    NOT NULL,
    failures       INTEGER NOT NULL,
    last_at        INTEGER NOT NULL,
    blocked_until  INTEGER NOT NULL,
    PRIMARY KEY (account, scope)
) STRICT;
CREATE INDEX guesses_last ON guesses (last_at);

CREATE TABLE attempts (
    id          TEXT    PRIMARY KEY,
    account     TEXT    NOT NULL,
    scope       TEXT    NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_account ON attempts (account, scope);
