-- Of when the last backup is, so that servers can tell its age (internal/instance).
ALTER TABLE instance ADD COLUMN backed_up_at BIGINT;
