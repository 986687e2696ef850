"""The jobs of all charges of a statement are looked up at once."""

from django.db import migrations

CHARGED = """
CREATE OR REPLACE FUNCTION aijobs_charged() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off {settings} AS $$
BEGIN
    INSERT INTO aijobs_spending (
        tenant_id, collection_id, hour, job_type, route, jobs, answers, input_tokens,
        output_tokens, cache_read_tokens, cache_write_tokens, cost_usd, sync_cost_usd, saved_usd,
        is_folded
    )
    SELECT charge.tenant_id, job.collection_id, date_trunc('hour', charge.created_at, 'UTC'),
           charge.job_type, charge.route,
           count(*) FILTER (WHERE job.attempts = 1 OR NOT EXISTS (
               SELECT FROM aijobs_ledgerentry AS earlier
               WHERE earlier.job_id = charge.job_id AND earlier.id < charge.id)),
           count(*), sum(input_tokens), sum(output_tokens), sum(cache_read_tokens),
           sum(cache_write_tokens), sum(cost_usd), sum(sync_cost_usd), sum(saved_usd), FALSE
    FROM new_charges AS charge
    {jobs}
    GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END $$;
"""

# One walk of the index over sorted keys takes a third of the time of a look-up for each. Without
# nested loops, no statistics can talk PostgreSQL into a walk for each charge.
AT_ONCE = CHARGED.format(
    settings="SET enable_nestloop = off",
    jobs="""LEFT JOIN (
        SELECT id, collection_id, attempts FROM aijobs_aijob
        WHERE id = ANY(ARRAY(SELECT job_id FROM new_charges)) OFFSET 0
    ) AS job ON job.id = charge.job_id""",
)
# As in migration 0007.
ONE_BY_ONE = CHARGED.format(
    settings="",
    jobs="""LEFT JOIN LATERAL (
        SELECT collection_id, attempts FROM aijobs_aijob WHERE id = charge.job_id OFFSET 0
    ) AS job ON TRUE""",
)


class Migration(migrations.Migration):
    dependencies = [("aijobs", "0013_failed_by_kind")]
    operations = [migrations.RunSQL(AT_ONCE, ONE_BY_ONE)]
