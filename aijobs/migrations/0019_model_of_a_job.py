"""A job may ask another model than the others of its type."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0018_find_repeats'),
    ]

    operations = [
        migrations.AddField(
            model_name='jobinput',
            name='model',
            field=models.CharField(blank=True, db_default='', help_text='The model that is asked, where it is not that of its job type.', max_length=100),
        ),
    ]
