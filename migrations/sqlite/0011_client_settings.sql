-- What an application can be registered for beyond the code flow (idp/client).
ALTER TABLE clients ADD COLUMN jwks TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN jwks_uri TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN access_tokens TEXT NOT NULL DEFAULT 'opaque';
ALTER TABLE clients ADD COLUMN resources TEXT NOT NULL DEFAULT '[]';
ALTER TABLE clients ADD COLUMN backchannel_logout_uri TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN frontchannel_logout_uri TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN first_party INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN fapi INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN ciba TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN ciba_notification_uri TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN pushed_requests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN dpop INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN signed_requests INTEGER NOT NULL DEFAULT 0;
