-- When the installation was last restored from a backup (internal/instance).
ALTER TABLE instance ADD COLUMN restored_at BIGINT;

-- Which sealing key is in force (internal/instance): its change is told like that of a cached row.
INSERT INTO versions (name, version) VALUES ('sealing', 1);
