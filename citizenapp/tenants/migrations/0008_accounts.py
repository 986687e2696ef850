"""Sessions that can be ended all at once, the mailbox of local mode, and the cache of allauth.

The cache is a table as Django's DatabaseCache wants it: who signs in needs PostgreSQL anyway.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0007_limits_and_versions'),
    ]

    operations = [
        migrations.RunSQL(
            '''
            CREATE TABLE IF NOT EXISTS tenants_cache (
                cache_key varchar(255) PRIMARY KEY,
                value text NOT NULL,
                expires timestamptz NOT NULL
            );
            CREATE INDEX IF NOT EXISTS tenants_cache_expires ON tenants_cache (expires);
            ''',
            'DROP TABLE tenants_cache',
        ),
        migrations.CreateModel(
            name='SentMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sent_at', models.DateTimeField()),
                ('sender', models.CharField(max_length=320)),
                ('recipients', models.TextField()),
                ('subject', models.TextField()),
                ('text', models.TextField()),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.AddField(
            model_name='user',
            name='sessions_since',
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
