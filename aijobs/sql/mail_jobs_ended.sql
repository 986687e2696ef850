-- Jobs have ended: have their collections looked at, and note what failed outside of collections,
-- for tenants alone in which somebody wants to be told by e-mail.
-- A session keeps the plan of its first call, which may have had one row: without nested loops, a
-- later call with 100,000 rows does not compare each with each.
CREATE FUNCTION aijobs_mail_jobs_ended() RETURNS trigger LANGUAGE plpgsql
SET enable_nestloop = off AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM aijobs_mailchoice) THEN
        RETURN NULL;
    END IF;
    INSERT INTO aijobs_collectiontocheck (collection_id)
    SELECT DISTINCT new_jobs.collection_id
    FROM new_jobs
    JOIN old_jobs ON old_jobs.id = new_jobs.id
    WHERE new_jobs.collection_id IS NOT NULL
      AND new_jobs.status IN ('completed', 'failed', 'canceled')
      AND old_jobs.status NOT IN ('completed', 'failed', 'canceled')
      AND new_jobs.tenant_id IN (
          SELECT tenant_id FROM aijobs_mailchoice
          WHERE kinds && '{collection.done,jobs.failed}');

    INSERT INTO aijobs_failuretotell (tenant_id, jobs, happened_at)
    SELECT new_jobs.tenant_id, count(*), max(new_jobs.finished_at)
    FROM new_jobs
    JOIN old_jobs ON old_jobs.id = new_jobs.id
    WHERE new_jobs.collection_id IS NULL
      AND new_jobs.status = 'failed' AND old_jobs.status <> 'failed'
      AND new_jobs.erasing_since IS NULL  -- Whoever erased it knows.
      AND new_jobs.tenant_id IN (
          SELECT tenant_id FROM aijobs_mailchoice WHERE 'jobs.failed' = ANY(kinds))
    GROUP BY new_jobs.tenant_id;
    RETURN NULL;
END $$;

CREATE TRIGGER mail_jobs_ended AFTER UPDATE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_mail_jobs_ended();
