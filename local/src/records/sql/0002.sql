-- Sessions that end when they are not used, and say what signed in.
ALTER TABLE session ADD COLUMN last_used_at INTEGER;
ALTER TABLE session ADD COLUMN label TEXT;

-- Accounts at providers. A subject is what the provider calls a person for ever.
CREATE TABLE identity (
    provider   TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user       TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    login      TEXT NOT NULL,
    name       TEXT,
    mail       TEXT,
    groups     TEXT NOT NULL,
    admin      INTEGER NOT NULL,
    blocked    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    checked_at INTEGER NOT NULL,
    sealed     BLOB, -- what acts for the account there, under a key that is not in here
    PRIMARY KEY (provider, subject)
) STRICT;
CREATE INDEX identity_of_user ON identity (user);

CREATE TABLE project (
    name         TEXT NOT NULL PRIMARY KEY,
    display_name TEXT,
    members      TEXT NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE secret (
    id         TEXT NOT NULL PRIMARY KEY,
    user       TEXT REFERENCES user (name) ON DELETE CASCADE,
    project    TEXT REFERENCES project (name) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    host       TEXT, -- of a git host's token
    username   TEXT,
    sealed     BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK ((user IS NULL) <> (project IS NULL))
) STRICT;
CREATE UNIQUE INDEX secret_of_user ON secret (user, name) WHERE user IS NOT NULL;
CREATE UNIQUE INDEX secret_of_project ON secret (project, name) WHERE project IS NOT NULL;

-- What was done with rights. It outlives those who did it.
CREATE TABLE audit (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    user   TEXT NOT NULL,
    via    TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);
