"""What quotes learn from the charges of a single tenant. A table of its own: the old one goes on."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0019_model_of_a_job'),
        ('tenants', '0004_repeats'),
    ]

    operations = [
        # Words alone.
        migrations.AlterField(
            model_name='quote',
            name='target',
            field=models.CharField(help_text='A job type, “collection”, or a form.', max_length=20),
        ),
        migrations.CreateModel(
            name='TenantTokenRatio',
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
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'job_type', 'model', 'document_kind'), name='tenant_token_ratio_once')],
            },
        ),
    ]
