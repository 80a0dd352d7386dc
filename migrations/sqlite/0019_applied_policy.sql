-- The rules of the policy that "nod apply" put here, in the words they were written in (idp/ruleset).
CREATE TABLE applied_policy (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    rules       TEXT    NOT NULL,
    applied_at  INTEGER NOT NULL
) STRICT;
