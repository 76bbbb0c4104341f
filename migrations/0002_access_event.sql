-- Who read what, and what was done about tokens. Added to and never changed, like the log itself; but no part of the log:
-- nobody signs it, and no mirror has it. The runtime adds and may read. countersign_reader, which serves people's own
-- queries over the ledger, may not: what one Party looks at is no business of whoever runs a report.

CREATE TABLE countersign.access_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    request_id text CHECK (pg_catalog.octet_length(request_id) BETWEEN 1 AND 64),
    token bytea CHECK (pg_catalog.octet_length(token) = 32),
    label text CHECK (pg_catalog.octet_length(label) BETWEEN 1 AND 200),
    party text CHECK (pg_catalog.octet_length(party) BETWEEN 1 AND 32),
    role text CHECK (pg_catalog.octet_length(role) BETWEEN 1 AND 32),
    action text NOT NULL CHECK (pg_catalog.octet_length(action) BETWEEN 1 AND 32),
    subject text NOT NULL CHECK (pg_catalog.octet_length(subject) BETWEEN 1 AND 1024),
    outcome text NOT NULL CHECK (pg_catalog.octet_length(outcome) BETWEEN 1 AND 32)
);
COMMENT ON TABLE countersign.access_event IS 'Every read by the holder of a token, every act on a token.';
COMMENT ON COLUMN countersign.access_event.request_id IS 'The Request-Id of the answer; null for acts of the command line.';
COMMENT ON COLUMN countersign.access_event.token IS 'The hash of the token: of whoever read, or of what was made or revoked.';

CREATE TRIGGER access_event_is_kept BEFORE UPDATE OR DELETE ON countersign.access_event
    FOR EACH ROW EXECUTE FUNCTION countersign.refuse();
CREATE TRIGGER access_event_is_not_truncated BEFORE TRUNCATE ON countersign.access_event
    FOR EACH STATEMENT EXECUTE FUNCTION countersign.refuse();
ALTER TABLE countersign.access_event ENABLE ALWAYS TRIGGER access_event_is_kept;
ALTER TABLE countersign.access_event ENABLE ALWAYS TRIGGER access_event_is_not_truncated;

GRANT SELECT, INSERT ON countersign.access_event TO countersign_runtime;
