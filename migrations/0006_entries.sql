-- Sources that are kept by hand or by a script: what is reported to them is their list.
ALTER TABLE source ADD COLUMN by_hand boolean NOT NULL DEFAULT false;
