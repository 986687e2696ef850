"""Who holds a socket or an answer open is told to look whether it still may."""

from pathlib import Path

from django.db import migrations


SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0011_audit'),
        ('sessions', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "tell_of_ends.sql").read_text("utf-8"),
            "DROP FUNCTION tenants_membership_ends, tenants_key_ends, tenants_tenant_ends, "
            "tenants_user_ends, tenants_session_ends CASCADE",
        ),
    ]
