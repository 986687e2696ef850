"""What a tenant may ask at once, and which version of the API a key speaks.

Keys that exist were made for the first version, and go on to speak it; so do those that a process
of the version before makes meanwhile.
"""

import django.core.validators
from django.db import migrations, models

import citizenapp.tenants.api_versions

HELP = 'What calls with it speak that name no version.'


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0006_deadlines'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='api_rate',
            field=models.PositiveIntegerField(blank=True, help_text='Of all keys and sessions together, in the long run; a single key gets a share of it. Empty: as for all tenants.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='calls of the API a second'),
        ),
        migrations.AddField(
            model_name='tenant',
            name='api_burst',
            field=models.PositiveIntegerField(blank=True, help_text='How many may come at once after a pause. Empty: as for all tenants.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='calls of the API at once'),
        ),
        migrations.AddField(
            model_name='tenant',
            name='most_waiting',
            field=models.PositiveIntegerField(blank=True, help_text='Jobs that are queued or on their way. What would be more is refused. Empty: as for all tenants.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='most jobs that wait'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='version',
            field=models.CharField(choices=citizenapp.tenants.api_versions.choices, db_default='2026-11-01', default='2026-11-01', help_text=HELP, max_length=10, verbose_name='version of the API'),
        ),
        migrations.AlterField(
            model_name='apikey',
            name='version',
            field=models.CharField(choices=citizenapp.tenants.api_versions.choices, db_default='2026-11-01', default=citizenapp.tenants.api_versions.newest, help_text=HELP, max_length=10, verbose_name='version of the API'),
        ),
    ]
