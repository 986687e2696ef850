"""For how many days a result answers the same question."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0003_weights'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='repeat_days',
            field=models.PositiveSmallIntegerField(db_default=30, default=30, help_text='The same question within so many days gets the same result, and is not charged. 0: each is asked anew.', validators=[django.core.validators.MaxValueValidator(365)], verbose_name='days that a result counts'),
        ),
    ]
