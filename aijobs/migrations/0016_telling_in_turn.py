"""Whoever queues a job that is not told pays little for it, and of many at once one tells."""

from django.db import migrations

# A tenant is told of few jobs unless it was told less than 250 ms ago. While somebody else is
# about to tell, this statement tells as well, since the other may roll back; except where pages
# are about to look again anyway: that is 700 ms after what was told last. Without that, all who
# wait for the same commit would tell, and NOTIFY would make them wait for each other.
IN_TURN = """
CREATE OR REPLACE FUNCTION aijobs_is_due(tenant bigint) RETURNS boolean LANGUAGE plpgsql AS $$
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
        SELECT tenant_id FROM aijobs_told
        WHERE tenant_id = tenant AND told_at = coalesce(last, '-infinity')
        FOR UPDATE SKIP LOCKED);
    RETURN FOUND OR last IS NULL OR last < clock_timestamp() - interval '400 ms';
END $$;

CREATE OR REPLACE FUNCTION aijobs_jobs_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    added record;
BEGIN
    FOR added IN SELECT tenant_id, count(*) AS jobs FROM new_jobs GROUP BY tenant_id LOOP
        IF added.jobs > 1000 THEN
            PERFORM aijobs_notify(added.tenant_id, NULL);
        ELSIF aijobs_is_due(added.tenant_id) THEN
            PERFORM pg_notify('aijobs', json_build_object(
                'tenant', added.tenant_id, 'changes', changes, 'again', TRUE)::text)
            FROM (
                SELECT CASE WHEN added.jobs <= 50
                            THEN json_agg(json_build_array(id, status, collection_id)) END
                FROM new_jobs WHERE tenant_id = added.tenant_id
            ) AS told (changes);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
"""

# As in migration 0009.
ALL_AT_ONCE = """
CREATE OR REPLACE FUNCTION aijobs_is_due(tenant bigint) RETURNS boolean LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    dependencies = [("aijobs", "0015_completing_in_place")]
    operations = [migrations.RunSQL(IN_TURN, ALL_AT_ONCE)]
