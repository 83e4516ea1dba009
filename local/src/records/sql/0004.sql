-- What administrators decide for workspaces.
CREATE TABLE class (
    name       TEXT NOT NULL PRIMARY KEY,
    spec       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
