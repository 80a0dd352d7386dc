-- The ways an answer may travel to an application, none for all (idp/client).
ALTER TABLE clients ADD COLUMN response_modes TEXT NOT NULL DEFAULT '[]';
