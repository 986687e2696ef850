-- Jobs changed their status: a few are named, of more than 50 only the tenant is.
-- A session keeps the plan of its first call, which may have had one row: without nested loops, a
-- later call with 100,000 rows does not compare each with each.
CREATE FUNCTION aijobs_notify_jobs_moved() RETURNS trigger LANGUAGE plpgsql
SET enable_nestloop = off AS $$
DECLARE
    moved record;
BEGIN
    FOR moved IN
        SELECT new_jobs.tenant_id, count(*) AS jobs
        FROM new_jobs JOIN old_jobs ON old_jobs.id = new_jobs.id
        WHERE new_jobs.status <> old_jobs.status
        GROUP BY new_jobs.tenant_id
    LOOP
        PERFORM aijobs_notify(moved.tenant_id, CASE WHEN moved.jobs <= 50 THEN (
            SELECT json_agg(json_build_array(new_jobs.id, new_jobs.status, new_jobs.collection_id))
            FROM new_jobs JOIN old_jobs ON old_jobs.id = new_jobs.id
            WHERE new_jobs.status <> old_jobs.status AND new_jobs.tenant_id = moved.tenant_id
        ) END);
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER notify_jobs_moved AFTER UPDATE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_notify_jobs_moved();
