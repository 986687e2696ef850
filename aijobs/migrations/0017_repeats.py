"""What a tenant asked, so that the same question twice is sent once."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0016_rounds_of_turns'),
        ('tenants', '0004_repeats'),
    ]

    operations = [
        migrations.AddField(
            model_name='aijob',
            name='answered_by',
            field=models.UUIDField(help_text='The earlier job with the same question, whose result it has or waits for.', null=True),
        ),
        migrations.AddField(
            model_name='jobinput',
            name='fingerprint',
            field=models.BinaryField(help_text='SHA-256 of what is asked. Null: queued before it was kept.', null=True),
        ),
        migrations.CreateModel(
            name='Question',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'fingerprint', blank=True, editable=False, primary_key=True, serialize=False)),
                ('fingerprint', models.BinaryField(help_text='SHA-256.')),
                ('job_id', models.UUIDField()),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
        ),
    ]
