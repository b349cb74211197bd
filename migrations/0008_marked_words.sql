-- The strictest mark under which a tracked name's tags, note or way were said, where it is stricter than green: a name
-- that more people may see by now does not take along what was said among fewer.
ALTER TABLE flux_name ADD COLUMN words smallint NOT NULL DEFAULT 0;
UPDATE flux_name SET words = tlp WHERE tlp > 1 AND (tags <> '{}' OR note <> '' OR path <> '{}');
