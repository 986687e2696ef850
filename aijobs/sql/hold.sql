-- Hold what is being stored against the limit of a month: that of a tenant, or of all (0).
--
-- Whoever comes next waits here until this transaction has ended. Each query in a function sees
-- what was committed before that query, even where the statement that calls it began earlier: so
-- the next one counts what this one has stored. Without a limit (null) nothing is done.
CREATE FUNCTION aijobs_hold(
    tenant bigint, most numeric, since timestamptz, until timestamptz, wanted numeric
) RETURNS void STRICT LANGUAGE plpgsql AS $$
DECLARE
    gone numeric;
BEGIN
    PERFORM pg_advisory_xact_lock(7310, tenant::int);
    IF tenant = 0 THEN
        SELECT (SELECT COALESCE(sum(cost_usd), 0) FROM aijobs_usagerollup
                WHERE hour >= since AND hour < until)
             + (SELECT COALESCE(sum(usd), 0) FROM aijobs_reservation)
        INTO gone;
    ELSE
        SELECT (SELECT COALESCE(sum(cost_usd), 0) FROM aijobs_usagerollup
                WHERE tenant_id = tenant AND hour >= since AND hour < until)
             + (SELECT COALESCE(sum(usd), 0) FROM aijobs_reservation WHERE tenant_id = tenant)
        INTO gone;
    END IF;
    IF gone + wanted > most THEN
        RAISE EXCEPTION 'This could go beyond the limit of a month.'
            USING ERRCODE = 'AJ402', DETAIL = format('%s %s %s', tenant, most, gone);
    END IF;
END $$;
