"""A job that completes touches no index: PostgreSQL finds room for the new row on its page."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0014_charges_in_one_look'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='aijob',
            name='job_waiting',
        ),
        migrations.RemoveIndex(
            model_name='aijob',
            name='job_of_tenant_rare',
        ),
        migrations.RemoveIndex(
            model_name='aijob',
            name='job_urgent',
        ),
        migrations.RemoveIndex(
            model_name='aijob',
            name='job_of_batch',
        ),
        migrations.RemoveIndex(
            model_name='aijob',
            name='job_running',
        ),
        migrations.RemoveIndex(
            model_name='aijob',
            name='job_of_kind_rare',
        ),
        migrations.AddField(
            model_name='aijob',
            name='rare_status',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(status__in=('queued', 'processing', 'failed', 'canceled'), then=models.F('status'))), help_text='Its status, where few jobs have it: not submitted, not completed.', output_field=models.CharField(max_length=10, null=True)),
        ),
        migrations.AddIndex(
            model_name='aijob',
            index=models.Index(condition=models.Q(('rare_status', 'queued'), ('route', 'batch')), fields=['tenant', 'not_before', 'id'], name='job_waiting'),
        ),
        migrations.AddIndex(
            model_name='aijob',
            index=models.Index(condition=models.Q(('needed_by__isnull', False), ('rare_status', 'queued')), fields=['needed_by'], name='job_urgent'),
        ),
        migrations.AddIndex(
            model_name='aijob',
            index=models.Index(condition=models.Q(('rare_status', 'processing')), fields=['started_at'], name='job_running'),
        ),
        migrations.AddIndex(
            model_name='aijob',
            index=models.Index(condition=models.Q(('batch__isnull', False)), fields=['batch', 'tenant', 'id'], name='job_of_batch'),
        ),
        migrations.AddIndex(
            model_name='aijob',
            index=models.Index(condition=models.Q(('rare_status__isnull', False)), fields=['tenant', 'rare_status', '-id'], name='job_of_tenant_rare'),
        ),
        migrations.AddIndex(
            model_name='aijob',
            index=models.Index(condition=models.Q(('rare_status__in', ['failed', 'canceled'])), fields=['tenant', 'rare_status', 'job_type', '-id'], name='job_of_kind_rare'),
        ),
        # Half of each page is room for the rows that replace those on it.
        migrations.RunSQL(
            "ALTER TABLE aijobs_aijob SET (fillfactor = 50)",
            "ALTER TABLE aijobs_aijob SET (fillfactor = 70)",
        ),
    ]
