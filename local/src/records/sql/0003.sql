-- What gateways of one installation tell each other for some minutes.
CREATE TABLE brief (
    key        BLOB NOT NULL PRIMARY KEY,
    sealed     BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
