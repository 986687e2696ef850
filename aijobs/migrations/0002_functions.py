"""What the database does by itself: notices, counters, rollups, a ledger that only grows.

Each function stands in a file of `aijobs/sql/`, with the triggers that call it.
"""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"
# In the order of their use of one another.
FILES = (
    "notify",
    "may_tell_of_additions",
    "notify_jobs_added",
    "notify_jobs_moved",
    "notify_batch_moved",
    "notify_pause_changed",
    "count_jobs_added",
    "count_jobs_moved",
    "count_jobs_removed",
    "roll_up_charges",
    "refuse_ledger_changes",
    "storage",
)


class Migration(migrations.Migration):
    dependencies = [("aijobs", "0001_initial"), ("tenants", "0001_initial")]
    operations = [
        migrations.RunSQL((SQL / f"{name}.sql").read_text("utf-8"), migrations.RunSQL.noop)
        for name in FILES
    ]
