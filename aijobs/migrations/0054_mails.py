"""People are told by e-mail: what they chose, what is sent, and the trigger that notes it."""

from pathlib import Path

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0051_reviews'),
        ('tenants', '0007_limits_and_versions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FailureToTell',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('jobs', models.PositiveIntegerField()),
                ('happened_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='MailChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('collection.done', 'A collection is done'), ('jobs.failed', 'Something failed'), ('budget.reached', 'A part of the month’s budget is spent')], max_length=20), size=None)),
                ('root', models.CharField(help_text='What links in e-mails begin with: where it was chosen.', max_length=300)),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Mail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), unique=True)),
                ('kind', models.CharField(choices=[('collection.done', 'A collection is done'), ('jobs.failed', 'Something failed'), ('budget.reached', 'A part of the month’s budget is spent')], max_length=20)),
                ('collection_id', models.UUIDField(null=True)),
                ('data', models.JSONField(default=dict, help_text='Counts and percents, by name; never a text.')),
                ('happened_at', models.DateTimeField()),
                ('status', models.CharField(choices=[('pending', 'Waits to be sent'), ('sent', 'Sent'), ('failed', 'Given up'), ('dropped', 'No longer wanted')], db_default='pending', max_length=7)),
                ('attempts', models.PositiveSmallIntegerField(db_default=0)),
                ('next_at', models.DateTimeField(help_text='It is not tried before.')),
                ('error', models.CharField(blank=True, db_default='', max_length=60)),
                ('choice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mails', to='aijobs.mailchoice')),
            ],
        ),
        migrations.AddConstraint(
            model_name='mailchoice',
            constraint=models.UniqueConstraint(fields=('tenant', 'user'), name='mail_choice_once'),
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['next_at', 'id'], name='mail_due'),
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(fields=['happened_at'], name='mail_age'),
        ),
        migrations.AddConstraint(
            model_name='mail',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'sent', 'failed', 'dropped'])), name='mail_status_known'),
        ),
        migrations.RunSQL(
            (SQL / "mail_jobs_ended.sql").read_text("utf-8"),
            "DROP FUNCTION aijobs_mail_jobs_ended CASCADE",
        ),
    ]
