-- Jobs were added: a few are named, of more than 50 only the tenant is.
CREATE FUNCTION aijobs_notify_jobs_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    added record;
BEGIN
    FOR added IN SELECT tenant_id, count(*) AS jobs FROM new_jobs GROUP BY tenant_id LOOP
        IF added.jobs > 50 THEN
            PERFORM aijobs_notify(added.tenant_id, NULL);
        ELSIF aijobs_may_tell_of_additions(added.tenant_id) THEN
            PERFORM aijobs_notify(
                added.tenant_id, json_agg(json_build_array(id, status, collection_id)), TRUE)
            FROM new_jobs WHERE tenant_id = added.tenant_id;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER notify_jobs_added AFTER INSERT ON aijobs_aijob
    REFERENCING NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_notify_jobs_added();
