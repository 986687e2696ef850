"""Time zones, budgets and limits of tenants."""

import citizenapp.tenants.models
import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='budget_usd',
            field=models.DecimalField(blank=True, decimal_places=2, help_text='In USD. Owners are told at 50, 80 and 100 %; nothing stops.', max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='monthly budget'),
        ),
        migrations.AddField(
            model_name='tenant',
            name='limit_usd',
            field=models.DecimalField(blank=True, decimal_places=2, help_text='In USD. What could go beyond it is refused, and what waits is held.', max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='monthly limit'),
        ),
        migrations.AddField(
            model_name='tenant',
            name='time_zone',
            field=models.CharField(db_default='UTC', default='UTC', help_text='When its days and months begin, such as “Europe/Zurich”.', max_length=50, validators=[citizenapp.tenants.models.known_time_zone]),
        ),
    ]
