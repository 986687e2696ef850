-- Whoever holds a socket or an answer open is told to look at once whether it still may, in the
-- transaction that changed something about it. The words are those of citizenapp/tenants/ends.py.
-- Triggers, so that no road can forget it: pages, the admin, a shell.
CREATE FUNCTION tenants_membership_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('citizenapp_access', format('member %s %s', OLD.tenant_id, OLD.user_id));
    RETURN NULL;
END $$;
CREATE TRIGGER membership_changed AFTER UPDATE ON tenants_membership
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION tenants_membership_ends();
CREATE TRIGGER membership_ended AFTER DELETE ON tenants_membership
    FOR EACH ROW EXECUTE FUNCTION tenants_membership_ends();

-- Not of last_used_at, which is written each minute.
CREATE FUNCTION tenants_key_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('citizenapp_access', format('key %s', OLD.prefix));
    RETURN NULL;
END $$;
CREATE TRIGGER key_changed AFTER UPDATE OF revoked, expiry_date, role ON tenants_apikey
    FOR EACH ROW EXECUTE FUNCTION tenants_key_ends();
CREATE TRIGGER key_ended AFTER DELETE ON tenants_apikey
    FOR EACH ROW EXECUTE FUNCTION tenants_key_ends();

CREATE FUNCTION tenants_tenant_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('citizenapp_access', format('tenant %s', OLD.id));
    RETURN NULL;
END $$;
CREATE TRIGGER tenant_ended AFTER UPDATE OF is_active ON tenants_tenant
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active)
    EXECUTE FUNCTION tenants_tenant_ends();

-- Sessions that were opened with another password, or before the person signed out everywhere, hold
-- no longer.
CREATE FUNCTION tenants_user_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('citizenapp_access', format('user %s', OLD.id));
    RETURN NULL;
END $$;
CREATE TRIGGER user_changed AFTER UPDATE ON tenants_user
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active OR OLD.password <> NEW.password
                       OR OLD.sessions_since IS DISTINCT FROM NEW.sessions_since)
    EXECUTE FUNCTION tenants_user_ends();

-- A session is told of by a hash: who knows its key is signed in. One that had expired gave
-- nothing any more, and many of those are deleted at once.
CREATE FUNCTION tenants_session_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('citizenapp_access', format(
        'session %s', encode(sha256(convert_to(OLD.session_key, 'UTF8')), 'hex')));
    RETURN NULL;
END $$;
CREATE TRIGGER session_ended AFTER DELETE ON django_session
    FOR EACH ROW WHEN (OLD.expire_date > now()) EXECUTE FUNCTION tenants_session_ends();
