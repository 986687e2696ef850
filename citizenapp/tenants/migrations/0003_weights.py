"""The weight by which a tenant shares places with the others."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0002_budgets'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='weight',
            field=models.PositiveSmallIntegerField(db_default=1, default=1, help_text='From 1 to 100. While several tenants wait, each gets places in batches, and urgent calls side by side, in proportion to its weight: one with 3 gets three while others get one. It counts from the next job on, and costs nobody anything while no other waits.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)]),
        ),
        migrations.AddConstraint(
            model_name='tenant',
            constraint=models.CheckConstraint(condition=models.Q(('weight__gte', 1), ('weight__lte', 100)), name='tenant_weight_known'),
        ),
    ]
