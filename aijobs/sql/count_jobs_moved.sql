-- Jobs of collections changed: count what came to each status, and what left it.
CREATE FUNCTION aijobs_count_jobs_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_statuscounter (collection_id, status, batch_id, jobs, is_compacted)
    SELECT collection_id, status, CASE WHEN status = 'submitted' THEN batch_id END, sum(jobs), FALSE
    FROM (
        SELECT collection_id, status, batch_id, 1 AS jobs FROM new_jobs
        UNION ALL
        SELECT collection_id, status, batch_id, -1 FROM old_jobs
    ) AS moved
    WHERE collection_id IS NOT NULL GROUP BY 1, 2, 3 HAVING sum(jobs) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER count_jobs_moved AFTER UPDATE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_count_jobs_moved();
