"""A workspace may have its jobs deleted earlier than the installation does."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0012_ends'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='keep_days',
            field=models.PositiveSmallIntegerField(blank=True, help_text='So many days after its end, a job is deleted with its document and its result. What it cost stays. Empty: as long as the installation keeps them.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3650)], verbose_name='days that jobs are kept'),
        ),
    ]
