-- The ledger: entries under gapless indices, every head they were committed under, and one row that says where the log
-- stands. Run by `countersign migrate` as countersign_owner, in the schema and with the roles that it has made.
--
-- Three roles. The owner changes the schema and does nothing else. The runtime adds: it may insert entries and heads, and
-- move the head row. The reader reads. Nobody may change or remove an entry: no grant allows it, and triggers refuse it
-- even to the owner, to a superuser, and under session_replication_role = replica (ENABLE ALWAYS). A superuser can drop
-- the triggers; what detects that are the mirrors.

CREATE TABLE countersign.entry (
    index bigint PRIMARY KEY CHECK (index >= 0),
    digest bytea NOT NULL UNIQUE CHECK (pg_catalog.octet_length(digest) = 32),
    leaf_hash bytea NOT NULL CHECK (pg_catalog.octet_length(leaf_hash) = 32),
    note bytea NOT NULL CHECK (pg_catalog.octet_length(note) BETWEEN 1 AND 65535),
    record jsonb NOT NULL
) WITH (toast_tuple_target = 8160); -- a row up to 8 kB is kept as it is: compressing every record costs more than its disk
COMMENT ON TABLE countersign.entry IS 'Every record with the ledger''s countersignature. note holds the exact bytes; record is a convenience for queries.';
COMMENT ON COLUMN countersign.entry.digest IS 'SHA-256 of the text that was signed: the permanent address.';
COMMENT ON COLUMN countersign.entry.leaf_hash IS 'SHA-256 of a zero byte and note (RFC 6962).';

CREATE TABLE countersign.tree_head (
    size bigint PRIMARY KEY CHECK (size > 0),
    root bytea NOT NULL CHECK (pg_catalog.octet_length(root) = 32)
);
COMMENT ON TABLE countersign.tree_head IS 'Size and root after every batch that was committed.';

CREATE TABLE countersign.head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    size bigint NOT NULL CHECK (size >= 0),
    root bytea NOT NULL CHECK (pg_catalog.octet_length(root) = 32)
);
COMMENT ON TABLE countersign.head IS 'One row: where the log stands. Its lock is held by whoever writes a batch.';
INSERT INTO countersign.head (size, root) VALUES (0, pg_catalog.sha256(''));

CREATE TABLE countersign.token (
    hash bytea PRIMARY KEY CHECK (pg_catalog.octet_length(hash) = 32),
    label text NOT NULL CHECK (pg_catalog.octet_length(label) BETWEEN 1 AND 200),
    party text NOT NULL CHECK (pg_catalog.octet_length(party) BETWEEN 1 AND 32),
    role text NOT NULL CHECK (pg_catalog.octet_length(role) BETWEEN 1 AND 32),
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    revoked_at timestamptz
);
COMMENT ON TABLE countersign.token IS 'Who may read. Only the SHA-256 of a token is kept; a token writes nothing.';

CREATE FUNCTION countersign.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: what the ledger holds is only ever added to', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
REVOKE ALL ON FUNCTION countersign.refuse() FROM PUBLIC;

-- Row triggers do not fire on TRUNCATE, hence two for each table.
CREATE TRIGGER entry_is_kept BEFORE UPDATE OR DELETE ON countersign.entry
    FOR EACH ROW EXECUTE FUNCTION countersign.refuse();
CREATE TRIGGER entry_is_not_truncated BEFORE TRUNCATE ON countersign.entry
    FOR EACH STATEMENT EXECUTE FUNCTION countersign.refuse();
CREATE TRIGGER tree_head_is_kept BEFORE UPDATE OR DELETE ON countersign.tree_head
    FOR EACH ROW EXECUTE FUNCTION countersign.refuse();
CREATE TRIGGER tree_head_is_not_truncated BEFORE TRUNCATE ON countersign.tree_head
    FOR EACH STATEMENT EXECUTE FUNCTION countersign.refuse();
CREATE TRIGGER head_is_one_row BEFORE INSERT OR DELETE ON countersign.head
    FOR EACH ROW EXECUTE FUNCTION countersign.refuse();
CREATE TRIGGER head_is_not_truncated BEFORE TRUNCATE ON countersign.head
    FOR EACH STATEMENT EXECUTE FUNCTION countersign.refuse();
CREATE TRIGGER head_moves_forward BEFORE UPDATE ON countersign.head
    FOR EACH ROW WHEN (NEW.size <= OLD.size OR NOT NEW.singleton) EXECUTE FUNCTION countersign.refuse();
CREATE TRIGGER token_is_kept BEFORE DELETE ON countersign.token
    FOR EACH ROW EXECUTE FUNCTION countersign.refuse();
CREATE TRIGGER token_is_not_truncated BEFORE TRUNCATE ON countersign.token
    FOR EACH STATEMENT EXECUTE FUNCTION countersign.refuse();
CREATE TRIGGER token_stays_revoked BEFORE UPDATE ON countersign.token
    FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL) EXECUTE FUNCTION countersign.refuse();

ALTER TABLE countersign.entry ENABLE ALWAYS TRIGGER entry_is_kept;
ALTER TABLE countersign.entry ENABLE ALWAYS TRIGGER entry_is_not_truncated;
ALTER TABLE countersign.tree_head ENABLE ALWAYS TRIGGER tree_head_is_kept;
ALTER TABLE countersign.tree_head ENABLE ALWAYS TRIGGER tree_head_is_not_truncated;
ALTER TABLE countersign.head ENABLE ALWAYS TRIGGER head_is_one_row;
ALTER TABLE countersign.head ENABLE ALWAYS TRIGGER head_is_not_truncated;
ALTER TABLE countersign.head ENABLE ALWAYS TRIGGER head_moves_forward;
ALTER TABLE countersign.token ENABLE ALWAYS TRIGGER token_is_kept;
ALTER TABLE countersign.token ENABLE ALWAYS TRIGGER token_is_not_truncated;
ALTER TABLE countersign.token ENABLE ALWAYS TRIGGER token_stays_revoked;

GRANT USAGE ON SCHEMA countersign TO countersign_runtime, countersign_reader;
GRANT SELECT ON countersign.migration TO countersign_runtime, countersign_reader;
GRANT SELECT, INSERT ON countersign.entry, countersign.tree_head TO countersign_runtime;
GRANT SELECT, UPDATE (size, root) ON countersign.head TO countersign_runtime;
GRANT SELECT, INSERT, UPDATE (revoked_at) ON countersign.token TO countersign_runtime;
GRANT SELECT ON countersign.entry, countersign.tree_head, countersign.head TO countersign_reader;
