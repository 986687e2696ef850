"""What must hold on every road, said to PostgreSQL: notices of changes, and a fixed ledger."""

from django.db import migrations

# A payload has 8,000 bytes; a change takes at most about 100.
NOTICES = """
CREATE FUNCTION aijobs_notify(tenant bigint, changes json) RETURNS void LANGUAGE sql AS $$
    SELECT pg_notify('aijobs', json_build_object('tenant', tenant, 'changes', changes)::text)
$$;

CREATE FUNCTION aijobs_jobs_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_notify(
        tenant_id,
        CASE WHEN count(*) <= 50
             THEN json_agg(json_build_array(id, status, collection_id)) END)
    FROM new_jobs GROUP BY tenant_id;
    RETURN NULL;
END $$;

CREATE FUNCTION aijobs_jobs_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_notify(
        new_jobs.tenant_id,
        CASE WHEN count(*) <= 50
             THEN json_agg(json_build_array(new_jobs.id, new_jobs.status, new_jobs.collection_id))
             END)
    FROM new_jobs JOIN old_jobs ON old_jobs.id = new_jobs.id
    WHERE new_jobs.status <> old_jobs.status
    GROUP BY new_jobs.tenant_id;
    RETURN NULL;
END $$;

-- Jobs show as processing while Anthropic has their batch, so its moves are theirs.
CREATE FUNCTION aijobs_batch_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_notify(tenant, NULL) FROM unnest(NEW.tenant_ids) AS tenant;
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_added AFTER INSERT ON aijobs_aijob
    REFERENCING NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_jobs_added();
CREATE TRIGGER jobs_moved AFTER UPDATE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_jobs_moved();
CREATE TRIGGER batch_moved AFTER UPDATE ON aijobs_batch
    FOR EACH ROW WHEN (OLD.status <> NEW.status AND NEW.status IN ('submitted', 'canceling'))
    EXECUTE FUNCTION aijobs_batch_moved();
"""

NO_NOTICES = """
DROP TRIGGER jobs_added ON aijobs_aijob;
DROP TRIGGER jobs_moved ON aijobs_aijob;
DROP TRIGGER batch_moved ON aijobs_batch;
DROP FUNCTION aijobs_jobs_added, aijobs_jobs_moved, aijobs_batch_moved, aijobs_notify;
"""

LEDGER = """
CREATE FUNCTION aijobs_ledger_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The ledger is append-only: a charge is never changed or deleted.'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_is_fixed BEFORE UPDATE OR DELETE ON aijobs_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_ledger_is_fixed();
"""

NO_LEDGER = """
DROP TRIGGER ledger_is_fixed ON aijobs_ledgerentry;
DROP FUNCTION aijobs_ledger_is_fixed;
"""

# Documents and results are compressed quicker by lz4, and finished jobs leave room on their
# page for the update that finishes the next one.
STORAGE = """
ALTER TABLE aijobs_aijob SET (fillfactor = 70);
"""


class Migration(migrations.Migration):
    dependencies = [("aijobs", "0002_initial")]
    operations = [
        migrations.RunSQL(NOTICES, NO_NOTICES),
        migrations.RunSQL(LEDGER, NO_LEDGER),
        migrations.RunSQL(STORAGE, "ALTER TABLE aijobs_aijob RESET (fillfactor);"),
    ]
