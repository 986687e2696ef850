-- What jobs have reserved that are not over, and how many they are. These take the place of the
-- functions of reserve_jobs_added.sql, reserve_jobs_moved.sql and reserve_jobs_removed.sql; the
-- triggers stay.
CREATE OR REPLACE FUNCTION aijobs_reserve_jobs_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_reservation (tenant_id, collection_id, usd, jobs, is_compacted)
    SELECT tenant_id, collection_id, sum(reserved_usd), count(*), FALSE FROM new_jobs
    WHERE status IN ('queued', 'submitted', 'processing')
    GROUP BY 1, 2;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION aijobs_reserve_jobs_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_reservation (tenant_id, collection_id, usd, jobs, is_compacted)
    SELECT tenant_id, collection_id, sum(usd), sum(jobs), FALSE
    FROM (
        SELECT tenant_id, collection_id, reserved_usd AS usd, 1 AS jobs FROM new_jobs
        WHERE status IN ('queued', 'submitted', 'processing')
        UNION ALL
        SELECT tenant_id, collection_id, -reserved_usd, -1 FROM old_jobs
        WHERE status IN ('queued', 'submitted', 'processing')
    ) AS moved
    GROUP BY 1, 2 HAVING sum(usd) <> 0 OR sum(jobs) <> 0;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION aijobs_reserve_jobs_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_reservation (tenant_id, collection_id, usd, jobs, is_compacted)
    SELECT tenant_id, collection_id, -sum(reserved_usd), -count(*), FALSE FROM old_jobs
    WHERE status IN ('queued', 'submitted', 'processing')
    GROUP BY 1, 2;
    RETURN NULL;
END $$;
