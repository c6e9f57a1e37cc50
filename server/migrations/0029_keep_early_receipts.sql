-- Of a receipt that came before its message's provider id was known: what went wrong, as JSON.
ALTER TABLE provider_inputs ADD COLUMN error TEXT;
