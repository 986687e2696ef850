-- The audit of a tenant goes with it, in the same transaction: it holds names and addresses of
-- people. Once the tenant is gone, refuse_audit_changes lets its entries go.
CREATE FUNCTION tenants_audit_goes_with_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tenants_auditentry WHERE tenant_id = OLD.id;
    RETURN NULL;
END $$;

CREATE TRIGGER audit_goes_with_tenant AFTER DELETE ON tenants_tenant
    FOR EACH ROW EXECUTE FUNCTION tenants_audit_goes_with_tenant();

-- Of those that are gone already.
DELETE FROM tenants_auditentry AS entry
WHERE NOT EXISTS (SELECT FROM tenants_tenant WHERE id = entry.tenant_id);
