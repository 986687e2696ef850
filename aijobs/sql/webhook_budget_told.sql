-- A part of a month's budget is spent: tell the tenant's endpoints.
-- The one subject that all events of a tenant's budget share keeps them in their order.
CREATE FUNCTION aijobs_webhook_budget_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_webhook_tell(
        NEW.tenant_id, 'budget.threshold', '{00000000-0000-0000-0000-000000000001}',
        jsonb_build_object('month', to_char(NEW.month, 'YYYY-MM'), 'percent', NEW.percent),
        NEW.told_at);
    RETURN NULL;
END $$;

CREATE TRIGGER webhook_budget_told AFTER INSERT ON aijobs_budgetnotice
    FOR EACH ROW EXECUTE FUNCTION aijobs_webhook_budget_told();
