-- Of a receipt that came before its message's provider id was known: what went wrong, as JSON.
ALTER TABLE provider_inputs ADD COLUMN error TEXT;
-- A provider repeats itself for days, not for years.
CREATE INDEX provider_inputs_by_age
    ON provider_inputs (workspace_id, created_at, account_id, provider_id, kind, status);
