CREATE TABLE accounts (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    connector TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT,
    state TEXT NOT NULL,
    state_reason TEXT,
    action TEXT,
    settings TEXT NOT NULL,
    credentials TEXT,        -- sealed for `accounts:<id>`
    is_default BOOLEAN NOT NULL, -- a copy: account_defaults has a row of it
    version BIGINT NOT NULL, -- rises when it must be started anew
    circuit_failures BIGINT NOT NULL,
    circuit_until BIGINT,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX accounts_by_age ON accounts (workspace_id, created_at, id) WHERE deleted_at IS NULL;

-- The account that sends which name none go through, by kind of address.
CREATE TABLE account_defaults (
    workspace_id UUID NOT NULL,
    address_kind TEXT NOT NULL,
    account_id UUID NOT NULL,
    PRIMARY KEY (workspace_id, address_kind)
) /*sqlite: WITHOUT ROWID*/;
