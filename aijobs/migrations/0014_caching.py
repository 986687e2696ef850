"""One job of a collection goes first, and the others read what it cached. Locks no table for long."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0013_find_estimates'),
    ]

    operations = [
        migrations.AddField(
            model_name='jobinput',
            name='shares_document',
            field=models.BooleanField(db_default=False, help_text='Its text is that of its whole collection, and stands first.'),
        ),
        migrations.CreateModel(
            name='Seeding',
            fields=[
                ('collection', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='seeding', serialize=False, to='aijobs.collection')),
                ('job_id', models.UUIDField(help_text='The seed. No foreign key: jobs may be pruned.')),
                ('state', models.CharField(choices=[('waiting', 'The others wait for the seed'), ('warm', 'The cache is there: the others read it'), ('cold', 'The others go without the cache'), ('refused', 'The seed failed: a person decides about the others')], default='waiting', max_length=8)),
                ('note', models.CharField(blank=True, help_text='Why it is in this state.', max_length=300)),
                ('model', models.CharField(max_length=100)),
                ('prefix_sha256', models.BinaryField(help_text='Of the beginning that the jobs share.')),
                ('prefix_tokens', models.IntegerField(help_text='Of that beginning, at least.')),
                ('prompt_tokens', models.IntegerField(help_text='Of a whole prompt, about.')),
                ('rows', models.IntegerField(help_text='Jobs that share it, the seed among them.')),
                ('without_usd', models.DecimalField(decimal_places=10, help_text='What the beginnings cost without the cache.', max_digits=16)),
                ('saving_usd', models.DecimalField(decimal_places=10, help_text='What the cache should save.', max_digits=16)),
                ('give_up_at', models.DateTimeField(help_text='The others go then, whatever became of the seed.')),
                ('warm_until', models.DateTimeField(help_text='Jobs that are sent later go without.', null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['job_id'], name='seeding_waiting'), models.Index(condition=models.Q(('state', 'warm')), fields=['warm_until'], name='seeding_warm')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'warm', 'cold', 'refused'])), name='seeding_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'warm'), _negated=True), ('warm_until__isnull', False), _connector='OR'), name='seeding_warm_until_then')],
            },
        ),
    ]
