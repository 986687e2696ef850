"""References are checked and tallies kept in one look at what a statement changed."""

from django.db import migrations

# Each kind of row is looked at once: whoever is referred to must be there, and is locked, so that
# nobody deletes it meanwhile. One look-up by its key for each, whatever the statistics say.
LOOK = """
DROP TRIGGER added_jobs_refer ON aijobs_aijob;
DROP TRIGGER moved_jobs_refer ON aijobs_aijob;
DROP TRIGGER jobs_came ON aijobs_aijob;
DROP TRIGGER jobs_went_on ON aijobs_aijob;
DROP FUNCTION aijobs_added_jobs_refer, aijobs_moved_jobs_refer, aijobs_jobs_came,
    aijobs_jobs_went_on;

CREATE FUNCTION aijobs_check_references(tenant bigint, collection uuid, batch bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM tenants_tenant WHERE id = tenant FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM aijobs_refuse_unknown('tenant', tenant::text);
    END IF;
    IF collection IS NOT NULL THEN
        PERFORM FROM aijobs_collection WHERE id = collection FOR KEY SHARE;
        IF NOT FOUND THEN
            PERFORM aijobs_refuse_unknown('collection', collection::text);
        END IF;
    END IF;
    IF batch IS NOT NULL THEN
        PERFORM FROM aijobs_batch WHERE id = batch FOR KEY SHARE;
        IF NOT FOUND THEN
            PERFORM aijobs_refuse_unknown('batch', batch::text);
        END IF;
    END IF;
END $$;

CREATE FUNCTION aijobs_jobs_came() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    came record;
BEGIN
    FOR came IN
        SELECT tenant_id, collection_id, batch_id, status, count(*) AS jobs
        FROM new_jobs GROUP BY 1, 2, 3, 4
    LOOP
        PERFORM aijobs_check_references(came.tenant_id, came.collection_id, came.batch_id);
        IF came.collection_id IS NOT NULL THEN
            INSERT INTO aijobs_tally (collection_id, status, batch_id, jobs, is_folded) VALUES (
                came.collection_id, came.status,
                CASE WHEN came.status = 'submitted' THEN came.batch_id END, came.jobs, FALSE);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION aijobs_jobs_went_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved record;
BEGIN
    FOR moved IN
        SELECT tenant_id, collection_id, batch_id, status, sum(jobs) AS jobs FROM (
            SELECT tenant_id, collection_id, batch_id, status, count(*) AS jobs
            FROM new_jobs GROUP BY 1, 2, 3, 4
            UNION ALL
            SELECT tenant_id, collection_id, batch_id, status, -count(*)
            FROM old_jobs GROUP BY 1, 2, 3, 4
        ) AS job
        GROUP BY 1, 2, 3, 4 HAVING sum(jobs) <> 0
    LOOP
        IF moved.jobs > 0 THEN
            PERFORM aijobs_check_references(moved.tenant_id, moved.collection_id, moved.batch_id);
        END IF;
        IF moved.collection_id IS NOT NULL THEN
            INSERT INTO aijobs_tally (collection_id, status, batch_id, jobs, is_folded) VALUES (
                moved.collection_id, moved.status,
                CASE WHEN moved.status = 'submitted' THEN moved.batch_id END, moved.jobs, FALSE);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_came AFTER INSERT ON aijobs_aijob
    REFERENCING NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_jobs_came();
CREATE TRIGGER jobs_went_on AFTER UPDATE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_jobs_went_on();
"""


class Migration(migrations.Migration):
    dependencies = [("aijobs", "0009_references_by_statement")]
    operations = [migrations.RunSQL(LOOK)]
