-- The audit only grows. Entries go with their tenant: once that is gone, they may be deleted.
CREATE FUNCTION tenants_refuse_audit_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM tenants_tenant WHERE id = OLD.tenant_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'The audit is append-only: an entry is never changed or deleted.'
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER refuse_audit_changes BEFORE UPDATE OR DELETE ON tenants_auditentry
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_audit_changes();
