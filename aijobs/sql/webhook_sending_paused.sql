-- Sending was paused, or goes on: tell the endpoints of all tenants.
-- The one subject that both events share keeps them in their order.
CREATE FUNCTION aijobs_webhook_sending_paused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_webhook_tell(
        id, CASE WHEN NEW.closed_at IS NULL THEN 'sending.paused' ELSE 'sending.resumed' END,
        '{00000000-0000-0000-0000-000000000002}', jsonb_build_object('reason', NEW.reason),
        COALESCE(NEW.closed_at, NEW.opened_at))
    FROM tenants_tenant WHERE is_active;
    RETURN NULL;
END $$;

CREATE TRIGGER webhook_sending_paused AFTER INSERT ON aijobs_circuitbreaker
    FOR EACH ROW EXECUTE FUNCTION aijobs_webhook_sending_paused();
CREATE TRIGGER webhook_sending_resumed AFTER UPDATE ON aijobs_circuitbreaker
    FOR EACH ROW WHEN (OLD.closed_at IS DISTINCT FROM NEW.closed_at)
    EXECUTE FUNCTION aijobs_webhook_sending_paused();
