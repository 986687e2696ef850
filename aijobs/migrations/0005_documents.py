"""A table for the documents of jobs."""

import aijobs.models.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0004_find_references'),
    ]

    operations = [
        migrations.CreateModel(
            name='JobDocument',
            fields=[
                ('pk', models.CompositePrimaryKey('job_id', 'number', blank=True, editable=False, primary_key=True, serialize=False)),
                ('number', models.SmallIntegerField(help_text='Counts from 1.')),
                ('name', models.CharField(blank=True, help_text='Of the file; empty for a text.', max_length=255)),
                ('media_type', models.CharField(max_length=100)),
                ('text', aijobs.models.fields.JSONTextField(help_text='As it was read: a JSON string; empty where nothing could be.')),
                ('characters', models.IntegerField(help_text='In the text.')),
                ('original', models.BinaryField(help_text='The file; null where it is the text.', null=True)),
                ('size', models.IntegerField(help_text='Bytes of the file, or of the text in UTF-8.')),
                ('sha256', models.BinaryField(help_text='Of the file, or of the text in UTF-8.')),
                ('pages', models.IntegerField(help_text='Where the format has pages.', null=True)),
                ('read_as', models.CharField(choices=[('text', 'Text'), ('original', 'as it is')], help_text='What of it is sent to Claude.', max_length=8)),
                ('warnings', aijobs.models.fields.JSONTextField(help_text='What is not in the text: a list of sentences.', null=True)),
                ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='documents', to='aijobs.aijob')),
            ],
        ),
        # Compressing 2 KB takes longer than storing them: only rows of over half a page are
        # compressed. Files are compressed already.
        migrations.RunSQL(
            "ALTER TABLE aijobs_jobdocument SET (toast_tuple_target = 4080);"
            "ALTER TABLE aijobs_jobdocument ALTER COLUMN original SET STORAGE EXTERNAL;",
            migrations.RunSQL.noop,
        ),
    ]
