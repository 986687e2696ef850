"""Kept counts and sums, and the triggers that keep them."""

import django.db.models.deletion
from django.db import migrations, models


TALLIES = """
CREATE FUNCTION aijobs_jobs_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_tally (collection_id, status, batch_id, jobs, is_folded)
    SELECT collection_id, status, CASE WHEN status = 'submitted' THEN batch_id END, count(*), FALSE
    FROM new_jobs WHERE collection_id IS NOT NULL GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;

CREATE FUNCTION aijobs_jobs_went_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_tally (collection_id, status, batch_id, jobs, is_folded)
    SELECT collection_id, status, batch_id, sum(jobs), FALSE
    FROM (
        SELECT collection_id, status, CASE WHEN status = 'submitted' THEN batch_id END AS batch_id,
               count(*) AS jobs
        FROM new_jobs WHERE collection_id IS NOT NULL GROUP BY 1, 2, 3
        UNION ALL
        SELECT collection_id, status, CASE WHEN status = 'submitted' THEN batch_id END, -count(*)
        FROM old_jobs WHERE collection_id IS NOT NULL GROUP BY 1, 2, 3
    ) AS moved
    GROUP BY 1, 2, 3 HAVING sum(jobs) <> 0;
    RETURN NULL;
END $$;

CREATE FUNCTION aijobs_jobs_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aijobs_tally (collection_id, status, batch_id, jobs, is_folded)
    SELECT collection_id, status, CASE WHEN status = 'submitted' THEN batch_id END, -count(*), FALSE
    FROM old_jobs WHERE collection_id IS NOT NULL GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_came AFTER INSERT ON aijobs_aijob
    REFERENCING NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_jobs_came();
CREATE TRIGGER jobs_went_on AFTER UPDATE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs NEW TABLE AS new_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_jobs_went_on();
CREATE TRIGGER jobs_left AFTER DELETE ON aijobs_aijob
    REFERENCING OLD TABLE AS old_jobs
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_jobs_left();

INSERT INTO aijobs_tally (collection_id, status, batch_id, jobs, is_folded)
SELECT collection_id, status, CASE WHEN status = 'submitted' THEN batch_id END, count(*), TRUE
FROM aijobs_aijob WHERE collection_id IS NOT NULL GROUP BY 1, 2, 3;
"""

NO_TALLIES = """
DROP TRIGGER jobs_came ON aijobs_aijob;
DROP TRIGGER jobs_went_on ON aijobs_aijob;
DROP TRIGGER jobs_left ON aijobs_aijob;
DROP FUNCTION aijobs_jobs_came, aijobs_jobs_went_on, aijobs_jobs_left;
"""

# Each charge looks up its job, and that of a job sent before its earlier charges, by their keys.
# OFFSET 0 and the setting see to that, whatever the statistics say of tables that have just grown.
SPENDING = """
CREATE FUNCTION aijobs_charged() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
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
    LEFT JOIN LATERAL (
        SELECT collection_id, attempts FROM aijobs_aijob WHERE id = charge.job_id OFFSET 0
    ) AS job ON TRUE
    GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END $$;

CREATE TRIGGER charged AFTER INSERT ON aijobs_ledgerentry
    REFERENCING NEW TABLE AS new_charges
    FOR EACH STATEMENT EXECUTE FUNCTION aijobs_charged();

INSERT INTO aijobs_spending (
    tenant_id, collection_id, hour, job_type, route, jobs, answers, input_tokens, output_tokens,
    cache_read_tokens, cache_write_tokens, cost_usd, sync_cost_usd, saved_usd, is_folded
)
SELECT tenant_id, collection_id, date_trunc('hour', created_at, 'UTC'), job_type, route,
       count(*) FILTER (WHERE is_first), count(*), sum(input_tokens), sum(output_tokens),
       sum(cache_read_tokens), sum(cache_write_tokens), sum(cost_usd), sum(sync_cost_usd),
       sum(saved_usd), TRUE
FROM (
    SELECT charge.*, job.collection_id,
           row_number() OVER (PARTITION BY charge.job_id ORDER BY charge.id) = 1 AS is_first
    FROM aijobs_ledgerentry AS charge LEFT JOIN aijobs_aijob AS job ON job.id = charge.job_id
) AS charges
GROUP BY 1, 2, 3, 4, 5;
"""

NO_SPENDING = """
DROP TRIGGER charged ON aijobs_ledgerentry;
DROP FUNCTION aijobs_charged;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0006_breaker_and_strays'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Spending',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('collection_id', models.UUIDField(null=True)),
                ('hour', models.DateTimeField()),
                ('job_type', models.CharField(max_length=20)),
                ('route', models.CharField(choices=[('batch', 'Batch'), ('sync', 'Sync')], max_length=5)),
                ('jobs', models.PositiveIntegerField(help_text='Jobs charged for the first time.')),
                ('answers', models.PositiveIntegerField(help_text='Charges.')),
                ('input_tokens', models.PositiveBigIntegerField()),
                ('output_tokens', models.PositiveBigIntegerField()),
                ('cache_read_tokens', models.PositiveBigIntegerField()),
                ('cache_write_tokens', models.PositiveBigIntegerField()),
                ('cost_usd', models.DecimalField(decimal_places=10, max_digits=20)),
                ('sync_cost_usd', models.DecimalField(decimal_places=10, max_digits=20)),
                ('saved_usd', models.DecimalField(decimal_places=10, max_digits=20)),
                ('is_folded', models.BooleanField()),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='tenants.tenant')),
            ],
            options={
                'verbose_name_plural': 'spending',
                'indexes': [models.Index(fields=['tenant', 'hour'], name='spending_of_tenant'), models.Index(condition=models.Q(('collection_id__isnull', False)), fields=['collection_id'], name='spending_of_collection'), models.Index(condition=models.Q(('is_folded', False)), fields=['id'], name='spending_fresh')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_folded', True)), fields=('tenant', 'hour', 'job_type', 'route', 'collection_id'), name='spending_folded', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('submitted', 'Submitted'), ('processing', 'Processing'), ('completed', 'Completed'), ('failed', 'Failed'), ('canceled', 'Canceled')], max_length=10)),
                ('jobs', models.IntegerField()),
                ('is_folded', models.BooleanField()),
                ('batch', models.ForeignKey(db_index=False, help_text='Of submitted jobs only.', null=True, on_delete=django.db.models.deletion.PROTECT, to='aijobs.batch')),
                ('collection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tallies', to='aijobs.collection')),
            ],
            options={
                'verbose_name_plural': 'tallies',
                'indexes': [models.Index(condition=models.Q(('is_folded', False)), fields=['id'], name='tally_fresh'), models.Index(condition=models.Q(('is_folded', True), ('jobs', 0)), fields=['id'], name='tally_over')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_folded', True)), fields=('collection', 'status', 'batch'), name='tally_folded', nulls_distinct=False)],
            },
        ),
        migrations.RunSQL(TALLIES, NO_TALLIES),
        migrations.RunSQL(SPENDING, NO_SPENDING),
    ]
