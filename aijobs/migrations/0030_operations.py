"""Operations, and what is being erased. Takes a moment on any table."""

import aijobs.models.fields
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0029_webhooks'),
        ('tenants', '0006_deadlines'),
    ]

    operations = [
        migrations.CreateModel(
            name='Operation',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('retry', 'Retry'), ('cancel', 'Cancel'), ('erase', 'Erase')], max_length=6)),
                ('status', models.CharField(choices=[('running', 'Running'), ('completed', 'Completed'), ('failed', 'Failed')], default='running', max_length=9)),
                ('job_id', models.UUIDField(help_text='The job that is erased.', null=True)),
                ('collection_id', models.UUIDField(help_text='The collection that is erased.', null=True)),
                ('total', models.PositiveIntegerField(help_text='Jobs.')),
                ('done', models.PositiveIntegerField(default=0, help_text='Jobs that were looked at.')),
                ('changed', models.PositiveIntegerField(default=0, help_text='Jobs that moved.')),
                ('skipped', models.JSONField(default=dict, help_text='Jobs that did not, by the reason.')),
                ('created_by', models.CharField(max_length=150)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('look_at', models.DateTimeField(help_text='Left alone until then.')),
                ('attempts', models.PositiveSmallIntegerField(default=0, help_text='Failures in a row.')),
            ],
        ),
        migrations.CreateModel(
            name='OperationPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.IntegerField()),
                ('jobs', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
            ],
        ),
        migrations.AddField(
            model_name='aijob',
            name='erasing_since',
            field=models.DateTimeField(help_text='Shown nowhere since then: it is deleted as soon as it has ended.', null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='holds_erased',
            field=models.BooleanField(db_default=False, default=False, help_text="A job of it was erased: Anthropic's copy is deleted without delay."),
        ),
        migrations.AddField(
            model_name='collection',
            name='erasing_since',
            field=models.DateTimeField(help_text='Shown nowhere since then: it goes with the last of its jobs.', null=True),
        ),
        migrations.AddField(
            model_name='idempotencykey',
            name='about',
            field=models.UUIDField(help_text='The job or collection that the answer describes.', null=True),
        ),
        migrations.AddField(
            model_name='idempotencykey',
            name='status',
            field=models.PositiveSmallIntegerField(help_text='Of that answer; null for one that was queued, 202.', null=True),
        ),
        migrations.AddField(
            model_name='submission',
            name='remote_deleted_at',
            field=models.DateTimeField(help_text="Of a duplicate: when Anthropic's copy was deleted.", null=True),
        ),
        migrations.AlterField(
            model_name='idempotencykey',
            name='response',
            field=aijobs.models.fields.JSONTextField(help_text='Null once what it tells of was erased.', null=True),
        ),
        migrations.AddField(
            model_name='operation',
            name='tenant',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='operationpage',
            name='operation',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='pages', to='aijobs.operation'),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(fields=['tenant', '-id'], name='operation_of_tenant'),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(condition=models.Q(('status', 'running')), fields=['look_at'], name='operation_running'),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(fields=['ended_at'], name='operation_age'),
        ),
        migrations.AddConstraint(
            model_name='operation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('status', 'running')), models.Q(('ended_at__isnull', False), ('status__in', ['completed', 'failed'])), _connector='OR'), name='operation_ended_at_when_over'),
        ),
        migrations.AddConstraint(
            model_name='operationpage',
            constraint=models.UniqueConstraint(fields=('operation', 'number'), name='operation_page_once'),
        ),
    ]
