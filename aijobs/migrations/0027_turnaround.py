"""How long batches take, and what is done for deadlines' sake."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0026_rates'),
        ('tenants', '0006_deadlines'),
    ]

    operations = [
        migrations.CreateModel(
            name='Rescue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('jobs', models.PositiveIntegerField()),
                ('usd', models.DecimalField(decimal_places=6, max_digits=16)),
                ('decided_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='batch',
            name='canceling_at',
            field=models.DateTimeField(help_text='When its end was wished for.', null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='foreseen_seconds',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), null=True, size=None),
        ),
        migrations.AddField(
            model_name='batch',
            name='model_names',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), db_default=[], default=list, help_text='That its requests are for.', size=None),
        ),
        migrations.AddField(
            model_name='batch',
            name='needed_by',
            field=models.DateTimeField(help_text='The earliest deadline of its jobs.', null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='promised_seconds',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), null=True, size=None),
        ),
        migrations.AddField(
            model_name='batch',
            name='rescued_at',
            field=models.DateTimeField(help_text='When it was canceled because it threatened deadlines.', null=True),
        ),
        migrations.AddField(
            model_name='rescue',
            name='tenant',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant'),
        ),
        migrations.AddIndex(
            model_name='rescue',
            index=models.Index(fields=['tenant', 'decided_at'], name='rescue_of_tenant'),
        ),
    ]
