"""References are checked, and pages are told, once a statement instead of once a row."""

import django.db.models.deletion
from django.db import migrations, models

# What a foreign key does for each row, for each statement: whoever is referred to must be there,
# and is locked, so that nobody deletes it meanwhile. OFFSET 0 makes each a look-up by its key,
# whatever the statistics say.
REFERENCES = """
CREATE FUNCTION aijobs_refuse_unknown(kind text, id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'There is no % %.', kind, id USING ERRCODE = 'foreign_key_violation';
END $$;

CREATE FUNCTION aijobs_check_references(tenants bigint[], collections uuid[], batches bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_refuse_unknown('tenant', wanted::text) FROM unnest(tenants) AS wanted
    LEFT JOIN LATERAL (
        SELECT id FROM tenants_tenant WHERE id = wanted FOR KEY SHARE OFFSET 0
    ) AS found ON TRUE
    WHERE wanted IS NOT NULL AND found.id IS NULL;
    PERFORM aijobs_refuse_unknown('collection', wanted::text) FROM unnest(collections) AS wanted
    LEFT JOIN LATERAL (
        SELECT id FROM aijobs_collection WHERE id = wanted FOR KEY SHARE OFFSET 0
    ) AS found ON TRUE
    WHERE wanted IS NOT NULL AND found.id IS NULL;
    PERFORM aijobs_refuse_unknown('batch', wanted::text) FROM unnest(batches) AS wanted
    LEFT JOIN LATERAL (
        SELECT id FROM aijobs_batch WHERE id = wanted FOR KEY SHARE OFFSET 0
    ) AS found ON TRUE
    WHERE wanted IS NOT NULL AND found.id IS NULL;
END $$;

CREATE FUNCTION aijobs_added_jobs_refer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_check_references(
        array_agg(DISTINCT tenant_id), array_agg(DISTINCT collection_id),
        array_agg(DISTINCT batch_id))
    FROM (SELECT DISTINCT tenant_id, collection_id, batch_id FROM new_jobs) AS job;
    RETURN NULL;
END $$;

CREATE FUNCTION aijobs_moved_jobs_refer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_check_references(
        array_agg(DISTINCT tenant_id), array_agg(DISTINCT collection_id),
        array_agg(DISTINCT batch_id))
    FROM (
        SELECT tenant_id, collection_id, batch_id FROM new_jobs
        EXCEPT SELECT tenant_id, collection_id, batch_id FROM old_jobs
    ) AS job;
    RETURN NULL;
END $$;

CREATE FUNCTION aijobs_charges_refer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_check_references(
        array_agg(DISTINCT tenant_id), '{}', array_agg(DISTINCT batch_id))
    FROM (SELECT DISTINCT tenant_id, batch_id FROM new_charges) AS charge;
    RETURN NULL;
END $$;

CREATE TRIGGER added_jobs_refer AFTER INSERT ON aijobs_aijob
    REFERENCING NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_added_jobs_refer();
CREATE TRIGGER moved_jobs_refer AFTER UPDATE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_moved_jobs_refer();
CREATE TRIGGER charges_refer AFTER INSERT ON aijobs_ledgerentry
    REFERENCING NEW TABLE AS new_charges
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_charges_refer();

-- The other side: each argument is a place that may refer to the row.
CREATE FUNCTION aijobs_keep_what_is_referred_to() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_needed boolean;
BEGIN
    FOR place IN 0 .. TG_NARGS - 1 LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s = $1)', TG_ARGV[place])
            INTO is_needed USING OLD.id;
        IF is_needed THEN
            RAISE EXCEPTION 'Row % of % is still referred to.', OLD.id, TG_TABLE_NAME
                USING ERRCODE = 'foreign_key_violation';
        END IF;
    END LOOP;
    RETURN OLD;
END $$;

CREATE TRIGGER is_referred_to BEFORE DELETE ON tenants_tenant FOR EACH ROW
    EXECUTE FUNCTION aijobs_keep_what_is_referred_to(
        'aijobs_aijob WHERE tenant_id', 'aijobs_ledgerentry WHERE tenant_id');
CREATE TRIGGER is_referred_to BEFORE DELETE ON aijobs_collection FOR EACH ROW
    EXECUTE FUNCTION aijobs_keep_what_is_referred_to('aijobs_aijob WHERE collection_id');
CREATE TRIGGER is_referred_to BEFORE DELETE ON aijobs_batch FOR EACH ROW
    EXECUTE FUNCTION aijobs_keep_what_is_referred_to(
        'aijobs_aijob WHERE batch_id', 'aijobs_ledgerentry WHERE batch_id');

-- What stands beside a job goes with it.
CREATE FUNCTION aijobs_clear_away() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM aijobs_jobinput WHERE job_id = ANY(ARRAY(SELECT id FROM old_jobs));
    DELETE FROM aijobs_joboutput WHERE job_id = ANY(ARRAY(SELECT id FROM old_jobs));
    RETURN NULL;
END $$;

CREATE TRIGGER clear_away AFTER DELETE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_clear_away();
"""

FOREIGN_KEYS = """
DROP TRIGGER added_jobs_refer ON aijobs_aijob;
DROP TRIGGER moved_jobs_refer ON aijobs_aijob;
DROP TRIGGER clear_away ON aijobs_aijob;
DROP TRIGGER charges_refer ON aijobs_ledgerentry;
DROP TRIGGER is_referred_to ON tenants_tenant;
DROP TRIGGER is_referred_to ON aijobs_collection;
DROP TRIGGER is_referred_to ON aijobs_batch;
DROP FUNCTION aijobs_added_jobs_refer, aijobs_moved_jobs_refer, aijobs_charges_refer,
    aijobs_keep_what_is_referred_to, aijobs_clear_away, aijobs_check_references,
    aijobs_refuse_unknown;
"""

# Whoever queues job after job is not told of each: NOTIFY makes commits wait for each other.
# Of few jobs, a tenant is told unless it was told less than 250 ms ago; the relay lets the pages
# look again a moment after it passed such a notice on. Only what is committed counts as told:
# while somebody else is about to tell, this statement tells as well.
# Of many jobs, each tenant is told to look again, without a look at each of them.
TELLING = """
CREATE UNLOGGED TABLE aijobs_told (
    tenant_id bigint PRIMARY KEY,
    told_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE FUNCTION aijobs_is_due(tenant bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    last timestamptz;
BEGIN
    SELECT told_at INTO last FROM aijobs_told WHERE tenant_id = tenant;
    IF last > clock_timestamp() - interval '250 ms' THEN
        RETURN FALSE;
    END IF;
    IF last IS NULL THEN
        INSERT INTO aijobs_told VALUES (tenant, '-infinity') ON CONFLICT DO NOTHING;
    END IF;
    UPDATE aijobs_told SET told_at = clock_timestamp() WHERE tenant_id = (
        SELECT tenant_id FROM aijobs_told WHERE tenant_id = tenant FOR UPDATE SKIP LOCKED);
    RETURN TRUE;
END $$;

CREATE OR REPLACE FUNCTION aijobs_jobs_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM new_jobs) > 1000 THEN
        PERFORM aijobs_notify(tenant_id, NULL) FROM new_jobs GROUP BY tenant_id;
        RETURN NULL;
    END IF;
    PERFORM pg_notify('aijobs', json_build_object(
        'tenant', tenant_id, 'changes', changes, 'again', TRUE)::text)
    FROM (
        SELECT tenant_id,
               CASE WHEN count(*) <= 50
                    THEN json_agg(json_build_array(id, status, collection_id)) END AS changes
        FROM new_jobs GROUP BY tenant_id
    ) AS added
    WHERE aijobs_is_due(tenant_id);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION aijobs_jobs_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM new_jobs) > 1000 THEN
        PERFORM aijobs_notify(tenant_id, NULL) FROM (
            SELECT DISTINCT tenant_id FROM (
                SELECT tenant_id, status, 1 AS jobs FROM new_jobs
                UNION ALL SELECT tenant_id, status, -1 FROM old_jobs
            ) AS job
            GROUP BY tenant_id, status HAVING sum(jobs) <> 0
        ) AS moved;
        RETURN NULL;
    END IF;
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
"""

# As in migration 0003.
TELLING_EACH = """
DROP FUNCTION aijobs_is_due;
DROP TABLE aijobs_told;
CREATE OR REPLACE FUNCTION aijobs_jobs_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aijobs_notify(
        tenant_id,
        CASE WHEN count(*) <= 50
             THEN json_agg(json_build_array(id, status, collection_id)) END)
    FROM new_jobs GROUP BY tenant_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION aijobs_jobs_moved() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""

# Compressing a document of 2 KB takes PostgreSQL longer than storing it. Up to half a page it
# stays as it is; what is longer is compressed as ever.
SHORT_TEXTS = """
ALTER TABLE aijobs_jobinput SET (toast_tuple_target = 4080);
ALTER TABLE aijobs_joboutput SET (toast_tuple_target = 4080);
"""
SHORT_TEXTS_COMPRESSED = """
ALTER TABLE aijobs_jobinput RESET (toast_tuple_target);
ALTER TABLE aijobs_joboutput RESET (toast_tuple_target);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0008_lists_by_input'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='aijob',
            name='job_urgent',
        ),
        migrations.RemoveIndex(
            model_name='aijob',
            name='job_of_batch',
        ),
        migrations.AlterField(
            model_name='aijob',
            name='batch',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='aijobs.batch'),
        ),
        migrations.AlterField(
            model_name='aijob',
            name='collection',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='aijobs.collection'),
        ),
        migrations.AlterField(
            model_name='aijob',
            name='tenant',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to='tenants.tenant'),
        ),
        migrations.AlterField(
            model_name='jobinput',
            name='job',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='input', serialize=False, to='aijobs.aijob'),
        ),
        migrations.AlterField(
            model_name='joboutput',
            name='job',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='output', serialize=False, to='aijobs.aijob'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='batch',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='aijobs.batch'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='tenant',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to='tenants.tenant'),
        ),
        migrations.AddIndex(
            model_name='aijob',
            index=models.Index(condition=models.Q(('needed_by__isnull', False), ('status', 'queued')), fields=['needed_by'], name='job_urgent'),
        ),
        migrations.AddIndex(
            model_name='aijob',
            index=models.Index(condition=models.Q(('batch__isnull', False)), fields=['batch', 'id'], name='job_of_batch'),
        ),
        migrations.RunSQL(REFERENCES, FOREIGN_KEYS),
        migrations.RunSQL(TELLING, TELLING_EACH),
        migrations.RunSQL(SHORT_TEXTS, SHORT_TEXTS_COMPRESSED),
    ]
