"""Charges that say they are estimates, and what holding the ledger against the bill has shown.

Takes a moment on any table.
"""

import aijobs.models.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0011_index_rollups'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReconciledLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model', models.CharField(max_length=100)),
                ('kind', models.CharField(choices=[('input_tokens', 'Input, uncached'), ('output_tokens', 'Output'), ('cache_read_input_tokens', 'Cache read'), ('cache_write_5m_tokens', 'Cache write, 5 minutes'), ('cache_write_1h_tokens', 'Cache write, 1 hour'), ('other', 'Other')], max_length=23)),
                ('tier', models.CharField(choices=[('batch', 'Batch'), ('standard', 'Standard')], max_length=8)),
                ('ours', models.BigIntegerField(help_text='Tokens.')),
                ('theirs', models.BigIntegerField(help_text='Tokens; null where none were told.', null=True)),
                ('ours_usd', models.DecimalField(decimal_places=10, max_digits=20)),
                ('theirs_usd', models.DecimalField(decimal_places=10, help_text='Null where no costs were told.', max_digits=20, null=True)),
                ('verdict', models.CharField(choices=[('agrees', 'Agrees'), ('shifted', 'Agrees with the days beside it'), ('open', 'Differs, and may still change'), ('differs', 'Differs')], max_length=7)),
            ],
        ),
        migrations.CreateModel(
            name='Reconciliation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True)),
                ('checked_at', models.DateTimeField()),
                ('source', models.CharField(choices=[('report', 'Usage and Cost API'), ('file', 'Export of the console')], max_length=6)),
                ('first_day', models.DateField()),
                ('last_day', models.DateField()),
                ('verdict', models.CharField(choices=[('agrees', 'Agrees'), ('shifted', 'Agrees with the days beside it'), ('open', 'Differs, and may still change'), ('differs', 'Differs')], max_length=7)),
                ('is_final', models.BooleanField(help_text='The day was over, and all of it accounted for.')),
                ('difference_usd', models.DecimalField(decimal_places=10, help_text="Anthropic's sum less ours.", max_digits=20, null=True)),
                ('notes', aijobs.models.fields.JSONTextField(help_text='What explains a difference: a list of sentences.')),
            ],
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='is_estimated',
            field=models.BooleanField(db_default=False, default=False, help_text='Anthropic did not say what was used.'),
        ),
        migrations.AddIndex(
            model_name='reconciliation',
            index=models.Index(condition=models.Q(('verdict', 'differs')), fields=['-day'], name='reconciliation_differs'),
        ),
        migrations.AddField(
            model_name='reconciledline',
            name='reconciliation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='aijobs.reconciliation'),
        ),
        migrations.AddConstraint(
            model_name='reconciledline',
            constraint=models.UniqueConstraint(fields=('reconciliation', 'model', 'kind', 'tier'), name='reconciled_once'),
        ),
    ]
