CREATE TABLE workspaces (
    workspace_id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    tier TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
) /*sqlite: WITHOUT ROWID*/;

-- Global: every workspace there is, for what runs over all of them. The name is a copy, written in
-- the same transaction, so that a login's list of workspaces needs no tenant's row.
CREATE TABLE workspace_directory (
    workspace_id UUID NOT NULL PRIMARY KEY,
    shard BIGINT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX workspace_directory_by_shard ON workspace_directory (shard);

-- Global: which workspaces a login reaches, and as whom.
CREATE TABLE memberships (
    login_id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    person_id UUID NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (login_id, workspace_id)
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX memberships_by_person ON memberships (workspace_id, person_id);
