"""Sums of charges by model and by who queued the job. Takes a moment on any table."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"
FUNCTION = (SQL / "roll_up_charges_by_model.sql").read_text("utf-8")
# Who goes back has the function of before, which knows no column that goes.
FORMERLY = (
    (SQL / "roll_up_charges.sql")
    .read_text("utf-8")
    .partition("CREATE TRIGGER")[0]
    .replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
)


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0009_reserve'),
    ]

    operations = [
        migrations.AddField(
            model_name='usagerollup',
            name='cache_write_1h_tokens',
            field=models.BigIntegerField(db_default=0, help_text='Of the cache writes, those that are kept for an hour.'),
        ),
        migrations.AddField(
            model_name='usagerollup',
            name='created_by',
            field=models.CharField(blank=True, db_default='', help_text='Who queued the jobs: a name or a key.', max_length=150),
        ),
        migrations.AddField(
            model_name='usagerollup',
            name='model',
            field=models.CharField(blank=True, db_default='', help_text='As Anthropic named it.', max_length=100),
        ),
        migrations.RunSQL(FUNCTION, FORMERLY),
    ]
