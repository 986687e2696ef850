-- Hold what this transaction has stored against the limit of a month: that of a tenant, or of all
-- (0). It comes last, and whoever comes next waits here until the transaction has ended.
--
-- Each query in a function sees what was committed before that query, even where the statement that
-- calls it began earlier: so the next one counts what this one has stored. Without a limit (null)
-- nothing is done.
--
-- Single jobs add a row each to what is reserved, and all of these would be added up for each job
-- that follows. So some hundreds of them are compacted here, as sweep does with all.
CREATE FUNCTION aijobs_hold(
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
        -- What sweep compacts at this moment is left to it: no two wait for each other.
        WITH old AS (
            SELECT id FROM aijobs_reservation
            WHERE tenant_id = tenant AND collection_id IS NULL AND NOT is_compacted
            FOR UPDATE SKIP LOCKED
        ), deleted AS (
            DELETE FROM aijobs_reservation USING old WHERE aijobs_reservation.id = old.id
            RETURNING usd
        )
        INSERT INTO aijobs_reservation (tenant_id, collection_id, usd, is_compacted)
        SELECT tenant, NULL, sum(usd), TRUE FROM deleted HAVING count(*) > 0
        ON CONFLICT (tenant_id, collection_id) WHERE is_compacted
        DO UPDATE SET usd = aijobs_reservation.usd + EXCLUDED.usd;
    END IF;
END $$;
