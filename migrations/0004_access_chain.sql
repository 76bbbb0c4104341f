-- Events of reading and acts on tokens stand in a chain: each has its place, counted from 0, and what all events up to it add
-- up to. Whoever holds where the chain once stood finds out about any change before that place. An event of sending has no
-- place: the entry that was sent demands it.

ALTER TABLE countersign.access_event
    ADD COLUMN place bigint UNIQUE CHECK (place >= 0),
    ADD COLUMN chain bytea CHECK (pg_catalog.octet_length(chain) = 32),
    ADD CONSTRAINT access_event_is_chained CHECK ((place IS NULL) = (chain IS NULL)),
    -- Events from before there was a chain stay as they are.
    ADD CONSTRAINT access_event_has_its_place CHECK ((place IS NULL) = (action = 'submit')) NOT VALID;
COMMENT ON COLUMN countersign.access_event.place IS 'Which link of the chain this event is. The order of places is the order of commits.';
COMMENT ON COLUMN countersign.access_event.chain IS 'What the events up to and with this one add up to.';
