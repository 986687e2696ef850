-- Jobs have ended: tell the endpoints that want to know, in pages of at most 100 jobs, and have
-- their collections looked at. No job is stored as ended, so that only changes are looked at.
-- Where nobody wants to be told of anything, this asks one question about a table of few rows.
-- A session keeps the plan of its first call, which may have had one row: without nested loops, a
-- later call with 100,000 rows does not compare each with each.
CREATE FUNCTION aijobs_webhook_jobs_ended() RETURNS trigger LANGUAGE plpgsql
SET enable_nestloop = off AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM aijobs_webhook WHERE state <> 'off') THEN
        RETURN NULL;
    END IF;
    WITH wanted AS (
        SELECT DISTINCT tenant_id, unnest(events) AS type FROM aijobs_webhook WHERE state <> 'off'
    ), ended AS (
        SELECT new_jobs.id, new_jobs.tenant_id, wanted.type, new_jobs.finished_at,
               (row_number() OVER (
                   PARTITION BY new_jobs.tenant_id, wanted.type ORDER BY new_jobs.id) - 1) / 100
               AS page
        FROM new_jobs
        JOIN old_jobs ON old_jobs.id = new_jobs.id
        JOIN wanted ON wanted.tenant_id = new_jobs.tenant_id
            AND wanted.type = 'job.' || new_jobs.status
        WHERE new_jobs.status IN ('completed', 'failed', 'canceled')
          AND new_jobs.status <> old_jobs.status
          AND new_jobs.erasing_since IS NULL  -- Whoever erased it knows.
    ), told AS (
        INSERT INTO aijobs_webhookevent (tenant_id, type, subjects, data, happened_at)
        SELECT tenant_id, type, array_agg(id ORDER BY id), '{}', max(finished_at)
        FROM ended GROUP BY tenant_id, type, page
        RETURNING id, tenant_id, type, happened_at
    )
    INSERT INTO aijobs_webhookdelivery (webhook_id, event_id, next_at, created_at)
    SELECT webhook.id, told.id, told.happened_at, told.happened_at
    FROM told JOIN aijobs_webhook AS webhook ON webhook.tenant_id = told.tenant_id
        AND webhook.state <> 'off' AND told.type = ANY(webhook.events)
    FOR KEY SHARE OF webhook;  -- As in webhook_tell.sql.

    INSERT INTO aijobs_collectiontocheck (collection_id)
    SELECT DISTINCT new_jobs.collection_id
    FROM new_jobs
    JOIN old_jobs ON old_jobs.id = new_jobs.id
    WHERE new_jobs.collection_id IS NOT NULL
      AND new_jobs.status IN ('completed', 'failed', 'canceled')
      AND old_jobs.status NOT IN ('completed', 'failed', 'canceled')
      AND new_jobs.tenant_id IN (
          SELECT tenant_id FROM aijobs_webhook
          WHERE state <> 'off' AND 'collection.completed' = ANY(events));
    RETURN NULL;
END $$;

CREATE TRIGGER webhook_jobs_ended AFTER UPDATE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_webhook_jobs_ended();
