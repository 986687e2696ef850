"""The audit of a tenant is deleted with it."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ('tenants', '0016_how_people_read'),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "audit_goes_with_tenant.sql").read_text("utf-8"),
            "DROP FUNCTION tenants_audit_goes_with_tenant CASCADE",
        ),
    ]
