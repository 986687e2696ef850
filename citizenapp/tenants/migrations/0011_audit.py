"""Who did what in a tenant: a table that only grows."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models


SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0010_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.UUIDField(editable=False, help_text='Sorts by time.', primary_key=True, serialize=False)),
                ('actor', models.CharField(max_length=160)),
                ('action', models.CharField(max_length=30)),
                ('subject', models.CharField(blank=True, max_length=300)),
                ('details', models.JSONField(default=dict, help_text='Texts by name; never of a document.')),
                ('address', models.GenericIPAddressField(help_text='Of IPv6, the network.', null=True)),
                ('agent', models.CharField(blank=True, help_text='What the program calls itself.', max_length=120)),
                ('at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tenants.tenant')),
            ],
            options={
                'verbose_name_plural': 'audit entries',
                'indexes': [models.Index(fields=['tenant', '-id'], name='audit_of_tenant'), models.Index(fields=['tenant', 'actor', '-id'], name='audit_of_actor'), models.Index(fields=['tenant', 'action', '-id'], name='audit_of_action')],
            },
        ),
        migrations.RunSQL(
            (SQL / "refuse_audit_changes.sql").read_text("utf-8"),
            "DROP FUNCTION tenants_refuse_audit_changes CASCADE",
        ),
    ]
