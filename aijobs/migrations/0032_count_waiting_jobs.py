"""Count the jobs of a tenant that are not over, beside what they have reserved.

Whoever stores or moves jobs waits meanwhile, so that none is missed: about a second for each million
of jobs that are not over. Jobs that are over are not read.
"""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"
RESERVE = (SQL / "reserve_and_count_jobs.sql").read_text("utf-8")
ROOM = (SQL / "hold_and_keep_room.sql").read_text("utf-8")


def formerly(name):
    """The function of before, which knows no column that goes."""
    text = (SQL / f"{name}.sql").read_text("utf-8").partition("CREATE TRIGGER")[0]
    return text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


LOCK = "LOCK TABLE aijobs_aijob IN SHARE ROW EXCLUSIVE MODE"
# Submitted jobs by their batches, all others by the index of what is not over.
COUNT = """
INSERT INTO aijobs_reservation (tenant_id, collection_id, usd, jobs, is_compacted)
SELECT tenant_id, collection_id, 0, count(*), FALSE
FROM (
    SELECT tenant_id, collection_id FROM aijobs_aijob
    WHERE indexed_status IN ('queued', 'processing')
    UNION ALL
    SELECT tenant_id, collection_id FROM aijobs_aijob
    WHERE status = 'submitted' AND batch_id = ANY(ARRAY(
        SELECT id FROM aijobs_batch WHERE status NOT IN ('settled', 'rejected')))
) AS waiting
GROUP BY 1, 2
"""


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0031_message_batches'),
    ]

    operations = [
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
        migrations.AddField(
            model_name='reservation',
            name='jobs',
            field=models.BigIntegerField(db_default=0),
        ),
        # Workers of before go on until they are stopped. Without a default, PostgreSQL refuses
        # their sums of these rows, which know of no jobs: otherwise all that they add up is lost.
        migrations.AlterField(
            model_name='reservation',
            name='jobs',
            field=models.BigIntegerField(),
        ),
        migrations.RunSQL(RESERVE, [formerly(f"reserve_jobs_{how}") for how in ("added", "moved", "removed")]),
        migrations.RunSQL(ROOM, [
            formerly("hold"),
            "DROP FUNCTION aijobs_keep_room",
            "DROP FUNCTION aijobs_compact_single_jobs",
        ]),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
