-- The key that push services know this installation by (devices/push).
CREATE TABLE push_keys (
    id           TEXT    PRIMARY KEY,
    public_key   BLOB    NOT NULL,
    private_key  BLOB    NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;

-- Where a device is woken, and how well that went lately (devices/push).
CREATE TABLE push_subscriptions (
    device_id      TEXT    PRIMARY KEY,
    state          TEXT    NOT NULL CHECK (state IN ('active', 'gone')),
    endpoint_hash  BLOB,
    subscription   BLOB,
    changed_at     INTEGER NOT NULL,
    delivered_at   INTEGER,
    failed_at      INTEGER,
    failure        TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX push_subscriptions_endpoint ON push_subscriptions (endpoint_hash);

-- When a queued delivery is sent, or sent again (mfa). NULL where nothing is to be
-- sent: no subscription, sent already, or given up.
ALTER TABLE deliveries ADD COLUMN next_at INTEGER;
ALTER TABLE deliveries ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN failure TEXT NOT NULL DEFAULT '';
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE next_at IS NOT NULL;
