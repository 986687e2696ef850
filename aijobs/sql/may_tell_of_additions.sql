-- Whether to tell a tenant now that a few jobs were added.
--
-- A transaction that sends a notice makes all others that send one wait until it has committed.
-- So a tenant is told of additions at most once in 250 ms. Whoever adds within that time says
-- nothing: the notice before it asks listeners to look again 700 ms later (live/relay.py), and
-- they see it then. When two transactions come at the end of the 250 ms, one updates the row and
-- the other waits for its commit: if that succeeds, the row is fresh and the second says nothing;
-- if it is rolled back, the second tells in its place.
CREATE FUNCTION aijobs_may_tell_of_additions(tenant bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE aijobs_additiontold SET told_at = clock_timestamp()
    -- A moment in the future was written before a clock was set back.
    WHERE tenant_id = tenant AND told_at NOT BETWEEN
        clock_timestamp() - interval '250 ms' AND clock_timestamp();
    IF FOUND THEN
        RETURN TRUE;
    END IF;
    -- The first job of a tenant makes the row.
    INSERT INTO aijobs_additiontold (tenant_id, told_at) VALUES (tenant, clock_timestamp())
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;
