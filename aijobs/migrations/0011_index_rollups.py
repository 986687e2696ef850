"""Compact sums by model as well, and find the charges of a period. Built while others write.

What an interrupted run leaves behind is invalid and keeps its name, so each is dropped first.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models

COMPACTED = """
CREATE UNIQUE INDEX CONCURRENTLY rollup_compacted_by_model ON aijobs_usagerollup
    (tenant_id, hour, job_type, route, collection_id, model, created_by)
    NULLS NOT DISTINCT WHERE is_compacted
"""
FORMERLY = """
CREATE UNIQUE INDEX CONCURRENTLY rollup_compacted ON aijobs_usagerollup
    (tenant_id, hour, job_type, route, collection_id) NULLS NOT DISTINCT WHERE is_compacted
"""
# Rows of two models are one by the key of before: sweep adds them up again.
AS_NEW = "UPDATE aijobs_usagerollup SET is_compacted = FALSE WHERE is_compacted"
WHEN = """
CREATE INDEX CONCURRENTLY charge_when ON aijobs_ledgerentry USING brin (created_at)
    WITH (autosummarize = on)
"""


def drop(name):
    return f"DROP INDEX CONCURRENTLY IF EXISTS {name}"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [('aijobs', '0010_rollups_know_more')]

    operations = [
        migrations.RunSQL(
            [drop("rollup_compacted_by_model"), COMPACTED],
            [drop("rollup_compacted_by_model")],
            state_operations=[
                migrations.AddConstraint(
                    model_name='usagerollup',
                    constraint=models.UniqueConstraint(condition=models.Q(('is_compacted', True)), fields=('tenant', 'hour', 'job_type', 'route', 'collection_id', 'model', 'created_by'), name='rollup_compacted_by_model', nulls_distinct=False),
                ),
            ],
        ),
        migrations.RunSQL(
            [drop("rollup_compacted")],
            [drop("rollup_compacted"), AS_NEW, FORMERLY],
            state_operations=[
                migrations.RemoveConstraint(model_name='usagerollup', name='rollup_compacted'),
            ],
        ),
        migrations.RunSQL(
            [drop("charge_when"), WHEN],
            [drop("charge_when")],
            state_operations=[
                migrations.AddIndex(
                    model_name='ledgerentry',
                    index=BrinIndex(autosummarize=True, fields=['created_at'], name='charge_when'),
                ),
            ],
        ),
    ]
