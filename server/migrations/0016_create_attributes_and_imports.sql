-- What a workspace says of its people's attributes.
CREATE TABLE attribute_definitions (
    workspace_id UUID NOT NULL,
    key TEXT NOT NULL,
    type TEXT NOT NULL,
    description TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, key)
) /*sqlite: WITHOUT ROWID*/;

CREATE TABLE attribute_settings (
    workspace_id UUID NOT NULL PRIMARY KEY,
    strict BOOLEAN NOT NULL
) /*sqlite: WITHOUT ROWID*/;

CREATE TABLE person_imports (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    state TEXT NOT NULL,
    columns TEXT NOT NULL, -- JSON: what each column of the file is
    on_conflict TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    done BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (workspace_id, id)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX person_imports_finished ON person_imports (workspace_id, finished_at)
    WHERE finished_at IS NOT NULL;

-- The rows still to be worked off, some of them a transaction, which takes them away.
CREATE TABLE person_import_chunks (
    workspace_id UUID NOT NULL,
    import_id UUID NOT NULL,
    n BIGINT NOT NULL,
    cells TEXT NOT NULL, -- JSON
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, import_id, n)
);
CREATE INDEX person_import_chunks_by_age ON person_import_chunks (workspace_id, created_at);

CREATE TABLE person_import_errors (
    workspace_id UUID NOT NULL,
    import_id UUID NOT NULL,
    row_number BIGINT NOT NULL,
    n BIGINT NOT NULL,
    field TEXT,
    message TEXT NOT NULL,
    PRIMARY KEY (workspace_id, import_id, row_number, n)
) /*sqlite: WITHOUT ROWID*/;
