"""Reservations follow the jobs by themselves, as the counters do."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [("aijobs", "0008_reservations_and_quotes")]

    operations = [
        migrations.RunSQL(
            (SQL / f"reserve_jobs_{how}.sql").read_text("utf-8"),
            f"DROP FUNCTION aijobs_reserve_jobs_{how} CASCADE",
        )
        for how in ("added", "moved", "removed")
    ]
