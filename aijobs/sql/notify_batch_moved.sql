-- Submitted jobs are shown as processing while Anthropic has their batch. So a batch that comes to
-- Anthropic, or turns out not to be there, changes the shown status of its jobs. The end of a batch
-- needs no notice of its own: settling moves each job.
CREATE FUNCTION aijobs_notify_batch_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_notify(tenant, NULL) FROM unnest(NEW.tenant_ids) AS tenant;
    RETURN NULL;
END $$;

CREATE TRIGGER notify_batch_moved AFTER UPDATE ON aijobs_batch
    FOR EACH ROW WHEN (
        NEW.status <> 'settled'
        AND (OLD.status IN ('submitted', 'canceling', 'ended'))
            <> (NEW.status IN ('submitted', 'canceling', 'ended'))
    )
    EXECUTE FUNCTION aijobs_notify_batch_moved();
