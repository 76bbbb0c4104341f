-- What cosigners said of the ledger's checkpoints: their own signature lines, each over the checkpoint of one size. Added
-- to and never changed, like the log itself. Nothing here is believed because it stands here: every line is verified when
-- it is read. A line that is lost can be asked for again, and none can be made without the cosigner's key.

CREATE TABLE countersign.cosignature (
    size bigint NOT NULL CHECK (size > 0),
    name text COLLATE "C" NOT NULL CHECK (pg_catalog.octet_length(name) BETWEEN 1 AND 255),
    line text NOT NULL CHECK (pg_catalog.octet_length(line) BETWEEN 1 AND 1024),
    at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    PRIMARY KEY (size, name)
);
COMMENT ON TABLE countersign.cosignature IS 'Signature lines of cosigners under checkpoints, one for each size and cosigner: the first that came.';
COMMENT ON COLUMN countersign.cosignature.line IS 'The line as it stands in a note (C2SP tlog-cosignature), without its line feed.';
COMMENT ON COLUMN countersign.cosignature.at IS 'When it was stored. The time that counts is in the line, signed by the cosigner.';

CREATE TRIGGER cosignature_is_kept BEFORE UPDATE OR DELETE ON countersign.cosignature
    FOR EACH ROW EXECUTE FUNCTION countersign.refuse();
CREATE TRIGGER cosignature_is_not_truncated BEFORE TRUNCATE ON countersign.cosignature
    FOR EACH STATEMENT EXECUTE FUNCTION countersign.refuse();
ALTER TABLE countersign.cosignature ENABLE ALWAYS TRIGGER cosignature_is_kept;
ALTER TABLE countersign.cosignature ENABLE ALWAYS TRIGGER cosignature_is_not_truncated;

GRANT SELECT, INSERT ON countersign.cosignature TO countersign_runtime;
GRANT SELECT ON countersign.cosignature TO countersign_reader;
