"""A reference, metadata and the number of its row for each job. Takes a moment on any table."""

import aijobs.models.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0002_functions'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='collection',
            name='columns',
            field=aijobs.models.fields.JSONTextField(help_text='The names in the metadata of its jobs, in their order; null: none.', null=True),
        ),
        migrations.AddField(
            model_name='collection',
            name='rejected',
            field=models.PositiveIntegerField(db_default=0, help_text='Rows that were left out when it was queued: they were bad.'),
        ),
        migrations.AddField(
            model_name='jobinput',
            name='metadata',
            field=aijobs.models.fields.JSONTextField(help_text="Its sender's own data: texts by name.", null=True),
        ),
        migrations.AddField(
            model_name='jobinput',
            name='reference',
            field=models.CharField(blank=True, db_default='', help_text='What its sender calls it.', max_length=200),
        ),
        migrations.AddField(
            model_name='jobinput',
            name='row_number',
            field=models.IntegerField(help_text='Of the row it was made of: in a table, as a spreadsheet shows it.', null=True),
        ),
    ]
