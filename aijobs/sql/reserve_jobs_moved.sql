-- Jobs changed: those that ended release what they had reserved, those that are queued again
-- reserve it again.
CREATE FUNCTION aijobs_reserve_jobs_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_reservation (tenant_id, collection_id, usd, is_compacted)
    SELECT tenant_id, collection_id, sum(usd), FALSE
    FROM (
        SELECT tenant_id, collection_id, reserved_usd AS usd FROM new_jobs
        WHERE status IN ('queued', 'submitted', 'processing')
        UNION ALL
        SELECT tenant_id, collection_id, -reserved_usd FROM old_jobs
        WHERE status IN ('queued', 'submitted', 'processing')
    ) AS moved
    GROUP BY 1, 2 HAVING sum(usd) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER reserve_jobs_moved AFTER UPDATE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_reserve_jobs_moved();
