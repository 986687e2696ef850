"""What is known of Anthropic's rate limits, by model."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0023_hold'),
    ]

    operations = [
        migrations.CreateModel(
            name='RateLimit',
            fields=[
                ('model', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('at_once', models.FloatField(help_text='Direct calls side by side; its whole part counts.')),
                ('halved_at', models.DateTimeField()),
                ('paused_until', models.DateTimeField(help_text='No direct call starts before.')),
            ],
        ),
        migrations.CreateModel(
            name='RateBucket',
            fields=[
                ('pk', models.CompositePrimaryKey('model', 'kind', blank=True, editable=False, primary_key=True, serialize=False)),
                ('model', models.CharField(max_length=100)),
                ('kind', models.CharField(help_text='requests, input-tokens or output-tokens.', max_length=20)),
                ('size', models.FloatField(help_text='How much fits.')),
                ('level', models.FloatField(help_text='What was left.')),
                ('per_second', models.FloatField(help_text='How much is filled in.')),
                ('level_at', models.DateTimeField()),
            ],
        ),
    ]
