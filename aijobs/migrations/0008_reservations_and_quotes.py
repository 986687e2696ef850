"""What jobs may cost, and what they were expected to."""

import aijobs.models.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0007_no_document_in_inputs'),
        ('tenants', '0002_budgets'),
    ]

    operations = [
        migrations.AddField(
            model_name='aijob',
            name='reserved_usd',
            field=models.DecimalField(db_default=0, decimal_places=6, help_text="What it may cost on its route, of its tenant's budget until it is over.", max_digits=12),
        ),
        migrations.AddField(
            model_name='jobinput',
            name='document_kind',
            field=models.CharField(blank=True, db_default='', max_length=6),
        ),
        migrations.AddField(
            model_name='jobinput',
            name='expected_tokens',
            field=models.IntegerField(help_text='Of the prompt.', null=True),
        ),
        migrations.AddField(
            model_name='jobinput',
            name='most_answer_tokens',
            field=models.IntegerField(help_text='max_tokens at first.', null=True),
        ),
        migrations.CreateModel(
            name='Quote',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_by', models.CharField(max_length=150)),
                ('target', models.CharField(help_text='A job type, or “collection”.', max_length=20)),
                ('job_type', models.CharField(max_length=20)),
                ('fields', aijobs.models.fields.JSONTextField(help_text='Of the body; null once it is not needed.', null=True)),
                ('is_form', models.BooleanField()),
                ('jobs', models.IntegerField()),
                ('low_usd', models.DecimalField(decimal_places=10, max_digits=16)),
                ('likely_usd', models.DecimalField(decimal_places=10, max_digits=16)),
                ('high_usd', models.DecimalField(decimal_places=10, max_digits=16)),
                ('answer', aijobs.models.fields.JSONTextField(help_text='The quote as it was told.')),
                ('queued', aijobs.models.fields.JSONTextField(help_text='What was answered when it was confirmed.', null=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('job_id', models.UUIDField(null=True)),
                ('collection_id', models.UUIDField(null=True)),
                ('charged_usd', models.DecimalField(decimal_places=10, help_text='What its jobs cost, once all of them are over.', max_digits=16, null=True)),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='QuotePiece',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', models.SmallIntegerField(help_text="Of the request's files, from 0.")),
                ('field', models.CharField(max_length=100)),
                ('name', models.CharField(max_length=255)),
                ('media_type', models.CharField(max_length=255)),
                ('number', models.IntegerField()),
                ('data', models.BinaryField()),
                ('quote', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='pieces', to='aijobs.quote')),
            ],
        ),
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('collection_id', models.UUIDField(null=True)),
                ('usd', models.DecimalField(decimal_places=6, max_digits=16)),
                ('is_compacted', models.BooleanField()),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='TokenRatio',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job_type', models.CharField(max_length=20)),
                ('model', models.CharField(help_text='Of the price table.', max_length=100)),
                ('document_kind', models.CharField(max_length=6)),
                ('jobs', models.IntegerField(help_text='Of how many charges these are.')),
                ('prompt_low', models.FloatField()),
                ('prompt_mean', models.FloatField()),
                ('prompt_high', models.FloatField()),
                ('answer_low', models.FloatField()),
                ('answer_mean', models.FloatField()),
                ('answer_high', models.FloatField()),
                ('learned_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('job_type', 'model', 'document_kind'), name='token_ratio_once')],
            },
        ),
        migrations.CreateModel(
            name='BudgetNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text="Its first day, in the tenant's time zone.")),
                ('percent', models.PositiveSmallIntegerField()),
                ('told_at', models.DateTimeField()),
                ('put_away_by', models.CharField(blank=True, max_length=150)),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'month', 'percent'), name='budget_notice_once')],
            },
        ),
        migrations.AddIndex(
            model_name='quote',
            index=models.Index(fields=['tenant', '-id'], name='quote_of_tenant'),
        ),
        migrations.AddIndex(
            model_name='quote',
            index=models.Index(condition=models.Q(('fields__isnull', False)), fields=['expires_at'], name='quote_to_empty'),
        ),
        migrations.AddIndex(
            model_name='quote',
            index=models.Index(condition=models.Q(('charged_usd', None), ('confirmed_at__isnull', False)), fields=['confirmed_at'], name='quote_to_compare'),
        ),
        migrations.AddConstraint(
            model_name='quotepiece',
            constraint=models.UniqueConstraint(fields=('quote', 'file', 'number'), name='quote_piece_once'),
        ),
        migrations.AddIndex(
            model_name='reservation',
            index=models.Index(fields=['tenant'], name='reservation_of_tenant'),
        ),
        migrations.AddIndex(
            model_name='reservation',
            index=models.Index(condition=models.Q(('is_compacted', False)), fields=['id'], name='reservation_fresh'),
        ),
        migrations.AddIndex(
            model_name='reservation',
            index=models.Index(condition=models.Q(('is_compacted', True), ('usd', 0)), fields=['id'], name='reservation_at_zero'),
        ),
        migrations.AddConstraint(
            model_name='reservation',
            constraint=models.UniqueConstraint(condition=models.Q(('is_compacted', True)), fields=('tenant', 'collection_id'), name='reservation_compacted', nulls_distinct=False),
        ),
    ]
