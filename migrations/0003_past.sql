-- What a source had at a past moment: history is loaded by comparing with it. Rows come here as they close.
CREATE INDEX sighting_past ON sighting (source_id, closed) WHERE closed IS NOT NULL;
