-- Jobs were added: what they have reserved.
CREATE FUNCTION aijobs_reserve_jobs_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_reservation (tenant_id, collection_id, usd, is_compacted)
    SELECT tenant_id, collection_id, sum(reserved_usd), FALSE FROM new_jobs
    WHERE status IN ('queued', 'submitted', 'processing')
    GROUP BY 1, 2 HAVING sum(reserved_usd) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER reserve_jobs_added AFTER INSERT ON aijobs_aijob
    REFERENCING NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_reserve_jobs_added();
