"""Turns cost one over the weight of their tenant: rows keep the round that it has reached."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0015_trials'),
    ]

    operations = [
        migrations.AddField(
            model_name='turn',
            name='round',
            field=models.DecimalField(db_default=0, decimal_places=12, help_text='In which its last job was taken into a batch.', max_digits=30),
        ),
    ]
