-- What was just stored is held against the limit of a month, and against how many jobs may wait.
-- `aijobs_hold` takes the place of the function of hold.sql, where it is explained.
--
-- Single jobs add a row each to what is reserved, and all of these would be added up for each job
-- that follows. So some hundreds of them are compacted here, as sweep does with all. What somebody
-- else compacts at this moment is left to that one: no two wait for each other.
CREATE FUNCTION aijobs_compact_single_jobs(tenant bigint) RETURNS void LANGUAGE sql AS $$
    WITH old AS (
        SELECT id FROM aijobs_reservation
        WHERE tenant_id = tenant AND collection_id IS NULL AND NOT is_compacted
        FOR UPDATE SKIP LOCKED
    ), deleted AS (
        DELETE FROM aijobs_reservation USING old WHERE aijobs_reservation.id = old.id
        RETURNING usd, jobs
    )
    INSERT INTO aijobs_reservation (tenant_id, collection_id, usd, jobs, is_compacted)
    SELECT tenant, NULL, sum(usd), sum(jobs), TRUE FROM deleted HAVING count(*) > 0
    ON CONFLICT (tenant_id, collection_id) WHERE is_compacted
    DO UPDATE SET usd = aijobs_reservation.usd + EXCLUDED.usd,
                  jobs = aijobs_reservation.jobs + EXCLUDED.jobs;
$$;

CREATE OR REPLACE FUNCTION aijobs_hold(
    tenant bigint, most numeric, since timestamptz, until timestamptz
) RETURNS void STRICT LANGUAGE plpgsql AS $$
DECLARE
    spent numeric;
    reserved numeric;
    fresh bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7310, tenant::int);
    IF tenant = 0 THEN
        SELECT COALESCE(sum(cost_usd), 0) INTO spent FROM aijobs_usagerollup
        WHERE hour >= since AND hour < until;
        SELECT COALESCE(sum(usd), 0) INTO reserved FROM aijobs_reservation;
    ELSE
        SELECT COALESCE(sum(cost_usd), 0) INTO spent FROM aijobs_usagerollup
        WHERE tenant_id = tenant AND hour >= since AND hour < until;
        SELECT COALESCE(sum(usd), 0),
               count(*) FILTER (WHERE collection_id IS NULL AND NOT is_compacted)
        INTO reserved, fresh FROM aijobs_reservation WHERE tenant_id = tenant;
    END IF;
    IF spent + reserved > most THEN
        RAISE EXCEPTION 'This could go beyond the limit of a month.'
            USING ERRCODE = 'AJ402', DETAIL = format('%s %s %s', tenant, most, spent + reserved);
    END IF;
    IF fresh > 300 THEN
        PERFORM aijobs_compact_single_jobs(tenant);
    END IF;
END $$;

-- Refuses what was just stored where more than so many jobs of the tenant are not over: under the
-- tenant's lock, as above. Without a number (null) nothing is done.
CREATE FUNCTION aijobs_keep_room(tenant bigint, most bigint) RETURNS void STRICT LANGUAGE plpgsql AS $$
DECLARE
    waiting bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7310, tenant::int);
    SELECT COALESCE(sum(jobs), 0) INTO waiting FROM aijobs_reservation WHERE tenant_id = tenant;
    IF waiting > most THEN
        RAISE EXCEPTION 'More jobs would wait than may.'
            USING ERRCODE = 'AJ429', DETAIL = waiting::text;
    END IF;
END $$;
