-- Jobs were added, or answered: the stage `index` reads what people may search for.
CREATE FUNCTION aijobs_note_jobs_to_read() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_jobtoread (job_id) SELECT job_id FROM new_rows;
    RETURN NULL;
END $$;

CREATE TRIGGER note_jobs_to_read AFTER INSERT ON aijobs_jobinput
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_note_jobs_to_read();

CREATE TRIGGER note_jobs_to_read AFTER INSERT ON aijobs_joboutput
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_note_jobs_to_read();

-- All that were there before, from the newest on; page by page, while the product runs.
INSERT INTO aijobs_jobtoread (job_id, and_older)
SELECT 'ffffffff-ffff-ffff-ffff-ffffffffffff', TRUE WHERE EXISTS (SELECT FROM aijobs_aijob);
