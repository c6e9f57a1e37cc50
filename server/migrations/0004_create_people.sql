-- region people
CREATE TABLE people (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL, -- derived from is_bot, login_id and external_id whenever they are written
    is_bot BOOLEAN NOT NULL,
    login_id UUID,
    role TEXT,
    external_id TEXT,
    name TEXT,
    avatar_file_id UUID,
    attributes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT, -- set: a tombstone, everything personal is gone
    PRIMARY KEY (workspace_id, id)
);
-- endregion

CREATE UNIQUE INDEX people_by_external_id ON people (workspace_id, external_id)
    WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX people_by_login ON people (workspace_id, login_id) WHERE login_id IS NOT NULL;
CREATE INDEX people_by_age ON people (workspace_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX people_by_kind ON people (workspace_id, kind, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE addresses (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    person_id UUID NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,     -- as it was first given, in its normal form
    match_key TEXT NOT NULL, -- what all spellings of one address share
    account_id UUID,
    is_primary BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
) /*sqlite: WITHOUT ROWID*/;

CREATE UNIQUE INDEX addresses_by_key ON addresses (workspace_id, kind, match_key);
CREATE INDEX addresses_by_person ON addresses (workspace_id, person_id, kind);
