-- An administrator decided that a device is never asked by push (devices).
ALTER TABLE devices ADD COLUMN push_forbidden INTEGER NOT NULL DEFAULT 0;
