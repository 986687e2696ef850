-- Sending was paused, or goes on: every tenant's pages say so.
CREATE FUNCTION aijobs_notify_pause_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_notify(id, NULL) FROM tenants_tenant WHERE is_active;
    RETURN NULL;
END $$;

CREATE TRIGGER notify_pause_began AFTER INSERT ON aijobs_circuitbreaker
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_notify_pause_changed();
CREATE TRIGGER notify_pause_ended AFTER UPDATE ON aijobs_circuitbreaker
    FOR EACH ROW WHEN (OLD.closed_at IS DISTINCT FROM NEW.closed_at)
    EXECUTE FUNCTION aijobs_notify_pause_changed();
