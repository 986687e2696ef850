-- Store an event of a tenant, and a delivery to each endpoint that wants to be told of it. Nothing
-- is stored where none does. An endpoint that was switched off because it failed gets it later.
-- Whoever deletes an endpoint waits for those that store something for it: otherwise the foreign key
-- would undo what they have stored.
CREATE FUNCTION aijobs_webhook_tell(
    tenant bigint, kind text, about uuid[], more jsonb, moment timestamptz
) RETURNS void LANGUAGE sql AS $$
    WITH told AS (
        INSERT INTO aijobs_webhookevent (tenant_id, type, subjects, data, happened_at)
        SELECT tenant, kind, about, more, moment WHERE EXISTS (
            SELECT FROM aijobs_webhook
            WHERE tenant_id = tenant AND state <> 'off' AND kind = ANY(events))
        RETURNING id
    )
    INSERT INTO aijobs_webhookdelivery (webhook_id, event_id, next_at, created_at)
    SELECT webhook.id, told.id, moment, moment
    FROM told, aijobs_webhook AS webhook
    WHERE webhook.tenant_id = tenant AND state <> 'off' AND kind = ANY(events)
    FOR KEY SHARE OF webhook
$$;
