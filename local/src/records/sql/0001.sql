-- Workspaces. When people last did something has columns of its own: it is written often and without conflicts.
CREATE TABLE workspace (
    uid           TEXT NOT NULL PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    version       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL, -- microseconds since 1970, as every time here
    deleted       INTEGER NOT NULL DEFAULT 0,
    spec          TEXT NOT NULL,
    status        TEXT NOT NULL,
    activity_at   INTEGER,
    activity_kind TEXT
) STRICT;

-- What happened. It goes with its workspace: a later one of the same name may be somebody else's.
CREATE TABLE event (
    id        INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspace (uid) ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    message   TEXT NOT NULL,
    by        TEXT
) STRICT;
CREATE INDEX event_of_workspace ON event (workspace, id);

-- People and how they are known. Of secrets there are hashes only.
CREATE TABLE user (
    name         TEXT NOT NULL PRIMARY KEY,
    display_name TEXT,
    groups       TEXT NOT NULL,
    admin        INTEGER NOT NULL,
    disabled     INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE token (
    id           TEXT NOT NULL PRIMARY KEY,
    user         TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    digest       BLOB NOT NULL UNIQUE,
    scope        TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE INDEX token_of_user ON token (user);

CREATE TABLE key (
    id           TEXT NOT NULL PRIMARY KEY,
    user         TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    fingerprint  TEXT NOT NULL UNIQUE,
    key          TEXT NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;
CREATE INDEX key_of_user ON key (user);

CREATE TABLE session (
    id         TEXT NOT NULL PRIMARY KEY,
    user       TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    digest     BLOB NOT NULL UNIQUE,
    host       TEXT NOT NULL,
    parent     TEXT REFERENCES session (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_of_user ON session (user);
CREATE INDEX session_of_parent ON session (parent);

CREATE TABLE link (
    digest     BLOB NOT NULL PRIMARY KEY,
    user       TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX link_of_user ON link (user);
