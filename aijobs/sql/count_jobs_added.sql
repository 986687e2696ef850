-- Jobs of collections were added: count them by status.
CREATE FUNCTION aijobs_count_jobs_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_statuscounter (collection_id, status, batch_id, jobs, is_compacted)
    SELECT collection_id, status, CASE WHEN status = 'submitted' THEN batch_id END, count(*), FALSE
    FROM new_jobs WHERE collection_id IS NOT NULL GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;

CREATE TRIGGER count_jobs_added AFTER INSERT ON aijobs_aijob
    REFERENCING NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_count_jobs_added();
