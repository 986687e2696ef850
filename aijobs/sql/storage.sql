-- Half of each page is left free, for the new version of a job that moves: then PostgreSQL writes
-- nothing into the indexes when a job completes (docs/decisions/0003-narrow-jobs.md).
ALTER TABLE aijobs_aijob SET (fillfactor = 50);
-- Compressing 2 KB takes longer than storing them: only rows of over half a page are compressed.
ALTER TABLE aijobs_jobinput SET (toast_tuple_target = 4080);
ALTER TABLE aijobs_joboutput SET (toast_tuple_target = 4080);
