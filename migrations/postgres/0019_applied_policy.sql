-- The rules of the policy that "nod apply" put here, in the words they were written in (idp/ruleset).
CREATE TABLE applied_policy (
    one         BIGINT PRIMARY KEY CHECK (one = 1),
    rules       TEXT    NOT NULL,
    applied_at  BIGINT NOT NULL
);
