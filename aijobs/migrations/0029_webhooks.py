"""Tenants are told by webhooks: endpoints, events, deliveries, and the triggers that store them."""

from pathlib import Path

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"
# Each file with the function in it, which takes its triggers with it.
FILES = {
    "webhook_tell": "aijobs_webhook_tell",
    "webhook_jobs_ended": "aijobs_webhook_jobs_ended",
    "webhook_budget_told": "aijobs_webhook_budget_told",
    "webhook_sending_paused": "aijobs_webhook_sending_paused",
}


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0028_find_at_once'),
        ('tenants', '0006_deadlines'),
    ]

    operations = [
        migrations.CreateModel(
            name='CollectionToCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('collection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, to='aijobs.collection')),
            ],
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('url', models.CharField(max_length=2000, verbose_name='URL')),
                ('description', models.CharField(blank=True, max_length=200)),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('job.completed', 'Jobs were completed'), ('job.failed', 'Jobs failed'), ('job.canceled', 'Jobs were canceled'), ('collection.completed', 'All jobs of a collection have ended'), ('budget.threshold', 'A part of the month’s budget is spent'), ('sending.paused', 'Nothing is sent to Anthropic for a while'), ('sending.resumed', 'Sending to Anthropic goes on')], max_length=30), size=None)),
                ('includes_result', models.BooleanField(default=False, help_text='Whether bodies carry the results of completed jobs.')),
                ('root', models.CharField(help_text='What links in bodies begin with: where it was made.', max_length=300)),
                ('state', models.CharField(choices=[('on', 'On'), ('off', 'Off'), ('failed', 'Switched off after failing')], default='on', max_length=6)),
                ('secret', models.CharField(max_length=100)),
                ('previous_secret', models.CharField(blank=True, max_length=100)),
                ('previous_until', models.DateTimeField(help_text='Until then, bodies are signed with the previous secret as well.', null=True)),
                ('next_at', models.DateTimeField(help_text='Nothing is sent to it before.')),
                ('leased_until', models.DateTimeField(help_text='A worker that died with it blocks it no longer than until then.', null=True)),
                ('failures', models.PositiveSmallIntegerField(default=0, help_text='In a row.')),
                ('failing_since', models.DateTimeField(null=True)),
                ('last_error', models.CharField(blank=True, max_length=40)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(max_length=150)),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='WebhookEvent',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('type', models.CharField(max_length=30)),
                ('subjects', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), help_text='What it is about: up to 100 jobs, or a collection. Of two events about the same, an endpoint gets the later one after the earlier one.', size=None)),
                ('data', models.JSONField(default=dict, help_text='What else is told, by name.')),
                ('happened_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), unique=True)),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('delivered', 'Delivered'), ('failed', 'Failed')], db_default='pending', max_length=9)),
                ('attempts', models.PositiveSmallIntegerField(db_default=0)),
                ('next_at', models.DateTimeField(help_text='It is not tried before.')),
                ('created_at', models.DateTimeField()),
                ('tried_at', models.DateTimeField(null=True)),
                ('http_status', models.PositiveSmallIntegerField(null=True)),
                ('error', models.CharField(blank=True, db_default='', max_length=40)),
                ('webhook', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='aijobs.webhook')),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='aijobs.webhookevent')),
            ],
            options={
                'verbose_name_plural': 'webhook deliveries',
            },
        ),
        migrations.AddIndex(
            model_name='webhook',
            index=models.Index(fields=['tenant', '-id'], name='webhook_of_tenant'),
        ),
        migrations.AddConstraint(
            model_name='webhook',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['on', 'off', 'failed'])), name='webhook_state_known'),
        ),
        migrations.AddIndex(
            model_name='webhookevent',
            index=models.Index(fields=['happened_at'], name='webhook_event_age'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['webhook', 'attempts', 'id'], name='webhook_delivery_waiting'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(fields=['webhook', '-id'], name='webhook_delivery_log'),
        ),
        migrations.AddConstraint(
            model_name='webhookdelivery',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'delivered', 'failed'])), name='webhook_delivery_status_known'),
        ),
        *(
            migrations.RunSQL(
                (SQL / f"{name}.sql").read_text("utf-8"), f"DROP FUNCTION {function} CASCADE"
            )
            for name, function in FILES.items()
        ),
    ]
