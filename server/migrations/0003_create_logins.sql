-- Global: a human's credentials.
CREATE TABLE logins (
    id UUID NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,     -- as given
    email_key TEXT NOT NULL, -- what two spellings of one address share
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX logins_by_email ON logins (email_key);

-- Global: a login on one device; gone when it ends.
CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    login_id UUID NOT NULL,
    refresh_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    refreshed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX sessions_by_refresh_hash ON sessions (refresh_hash);
CREATE INDEX sessions_by_login ON sessions (login_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Global: the hash of a secret, or a public id, to the workspace and the row it stands for.
CREATE TABLE credentials (
    hash BYTEA NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    workspace_id UUID NOT NULL,
    subject_id UUID NOT NULL,
    created_at BIGINT NOT NULL
) /*sqlite: WITHOUT ROWID*/;

-- Global: what lost or changed its rights (a key, a session, a login), in commit order, so that
-- every process drops what it remembers of it. Kept an hour.
CREATE TABLE access_changes (
    seq BIGINT NOT NULL PRIMARY KEY,
    subject_id UUID NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL, -- the first characters of the key, to tell keys apart
    environment TEXT NOT NULL,
    scopes TEXT NOT NULL,
    person_id UUID NOT NULL,
    hash BYTEA NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX api_keys_by_age ON api_keys (workspace_id, created_at, id);
