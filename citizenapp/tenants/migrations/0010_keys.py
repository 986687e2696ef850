"""Keys have scopes, a maker, a last use, and may be rolled over."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0009_invitations'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='job_types',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), editable=False, help_text='Which it may queue; none where it may queue all.', null=True, size=None),
        ),
        migrations.AddField(
            model_name='apikey',
            name='last_used_at',
            field=models.DateTimeField(editable=False, help_text='To the minute.', null=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='made_by',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=150),
        ),
        migrations.AddField(
            model_name='apikey',
            name='replaces',
            field=models.OneToOneField(editable=False, help_text='The key that was rolled over to this one.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='successor', to='tenants.apikey'),
        ),
    ]
