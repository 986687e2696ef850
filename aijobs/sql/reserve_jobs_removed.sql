-- Jobs were deleted: what those that had not ended had reserved is released.
CREATE FUNCTION aijobs_reserve_jobs_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_reservation (tenant_id, collection_id, usd, is_compacted)
    SELECT tenant_id, collection_id, -sum(reserved_usd), FALSE FROM old_jobs
    WHERE status IN ('queued', 'submitted', 'processing')
    GROUP BY 1, 2 HAVING sum(reserved_usd) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER reserve_jobs_removed AFTER DELETE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_reserve_jobs_removed();
