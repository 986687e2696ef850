-- Jobs of collections were deleted: they no longer count.
CREATE FUNCTION aijobs_count_jobs_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_statuscounter (collection_id, status, batch_id, jobs, is_compacted)
    SELECT collection_id, status, CASE WHEN status = 'submitted' THEN batch_id END, -count(*), FALSE
    FROM old_jobs WHERE collection_id IS NOT NULL GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;

CREATE TRIGGER count_jobs_removed AFTER DELETE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_count_jobs_removed();
