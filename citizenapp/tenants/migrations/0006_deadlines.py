"""What a tenant wants of deadlines."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0005_long_prompts'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='deadline_percent',
            field=models.PositiveSmallIntegerField(choices=[(50, '50 %'), (80, '80 %'), (90, '90 %'), (95, '95 %'), (99, '99 %')], db_default=95, default=95, help_text='A job with a deadline goes by batch, at half the price, where so many of a hundred batches like its own end in time. Otherwise it runs at once.', verbose_name='certainty of deadlines'),
        ),
        migrations.AddField(
            model_name='tenant',
            name='full_price',
            field=models.BooleanField(db_default=True, default=True, help_text='Without it, everything goes by batch: nothing runs at once, and deadlines are wishes that may be missed.', verbose_name='may pay the full price'),
        ),
        migrations.AddField(
            model_name='tenant',
            name='rescue_usd',
            field=models.DecimalField(blank=True, decimal_places=2, help_text='In USD. A batch that takes too long for a deadline is canceled, and what it has not answered runs at once, at twice the price. So much more may be paid for that in a month; empty: no limit but the monthly limit.', max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='monthly limit of rescues'),
        ),
        migrations.AddConstraint(
            model_name='tenant',
            constraint=models.CheckConstraint(condition=models.Q(('deadline_percent__in', [50, 80, 90, 95, 99])), name='tenant_deadline_percent_known'),
        ),
    ]
