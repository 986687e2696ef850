"""The text of a job stands in its documents."""

import aijobs.models.fields
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0006_move_documents'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='jobinput',
            name='document',
        ),
        migrations.AlterField(
            model_name='jobinput',
            name='options',
            field=aijobs.models.fields.JSONTextField(help_text='Its validated input but for the documents: a JSON object.'),
        ),
    ]
