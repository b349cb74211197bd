-- Ageing: what a sweep looks for, per source and kind: rows that vanished from their list by when they were last seen
-- (`seen`), rows that stand in a list nobody can read (`seen` is null), and both by when they were first seen.
DROP INDEX sighting_seen;
CREATE INDEX sighting_ageing ON sighting (source_id, kind, seen, opened) WHERE closed IS NULL;
DROP INDEX sighting_until;
CREATE INDEX sighting_until ON sighting (source_id, until) WHERE closed IS NULL AND until IS NOT NULL;

-- Rows that aged out and still stand in their list (`seen` is null): not listed again until they left and came back.
CREATE INDEX sighting_standing ON sighting (source_id, key) WHERE reason = 'aged' AND seen IS NULL;

-- `failing_since`: the first failed attempt after the last good one; `gone`: when it was told that its list is gone,
-- null again once it is read; `moves`: counts what others than its own polls closed, so that a poll that was under way
-- meanwhile does not take its snapshot and validators for the set that is open now.
ALTER TABLE source
    ADD COLUMN failing_since timestamptz,
    ADD COLUMN gone timestamptz,
    ADD COLUMN moves bigint NOT NULL DEFAULT 0;
