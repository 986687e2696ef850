"""Collections of which a few jobs run first."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0014_caching'),
    ]

    operations = [
        migrations.CreateModel(
            name='Trial',
            fields=[
                ('collection', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='trial', serialize=False, to='aijobs.collection')),
                ('jobs', models.SmallIntegerField(help_text='That ran first.')),
                ('state', models.CharField(choices=[('open', 'The others wait for a person'), ('ended', 'They were let go, or canceled')], default='open', max_length=5)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['open', 'ended'])), name='trial_state')],
            },
        ),
    ]
