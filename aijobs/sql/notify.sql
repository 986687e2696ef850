-- Tell whoever listens that jobs of a tenant changed. `changes` is a list of
-- [job id, status, collection id], or NULL for "too many to name: look at the rows again".
-- PostgreSQL allows 8,000 bytes a notice; 50 changes take at most 5,000.
CREATE FUNCTION aijobs_notify(tenant bigint, changes json, again boolean DEFAULT FALSE)
RETURNS void LANGUAGE sql AS $$
    SELECT pg_notify('aijobs', json_strip_nulls(json_build_object(
        'tenant', tenant, 'changes', changes, 'again', CASE WHEN again THEN TRUE END))::text)
$$;
