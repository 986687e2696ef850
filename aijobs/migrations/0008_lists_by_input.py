"""Lists are walked by indexes on what is written once."""

import django.db.models.deletion
from django.db import migrations, models

FILL = """
UPDATE aijobs_jobinput AS input SET tenant_id = job.tenant_id, job_type = job.job_type
FROM aijobs_aijob AS job WHERE job.id = input.job_id
"""


class Migration(migrations.Migration):

    # PostgreSQL makes no index while triggers of the update before it are pending.
    atomic = False

    dependencies = [
        ('aijobs', '0007_kept_counts'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='jobinput',
            name='tenant',
            field=models.ForeignKey(null=True, db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='jobinput',
            name='job_type',
            field=models.CharField(max_length=20, null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='jobinput',
            name='tenant',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tenants.tenant'),
        ),
        migrations.AlterField(
            model_name='jobinput',
            name='job_type',
            field=models.CharField(max_length=20),
        ),
        migrations.AddIndex(
            model_name='jobinput',
            index=models.Index(fields=['tenant', '-job'], name='input_of_tenant'),
        ),
        migrations.AddIndex(
            model_name='jobinput',
            index=models.Index(fields=['tenant', 'job_type', '-job'], name='input_of_kind'),
        ),
        migrations.AddIndex(
            model_name='aijob',
            index=models.Index(condition=models.Q(('route', 'sync')), fields=['-id'], name='job_sync'),
        ),
        migrations.RemoveIndex(
            model_name='aijob',
            name='job_of_tenant',
        ),
    ]
