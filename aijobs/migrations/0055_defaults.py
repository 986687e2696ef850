"""What the forms of a workspace begin with, and categories by name."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0054_mails'),
        ('tenants', '0007_limits_and_versions'),
    ]

    operations = [
        migrations.CreateModel(
            name='CategorySet',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('categories', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), size=None)),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='JobDefaults',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job_type', models.CharField(max_length=20)),
                ('options', models.JSONField(default=dict, help_text='Of the fields of the job type, by name.')),
                ('urgency', models.CharField(blank=True, help_text='Of the choices of the form.', max_length=5)),
                ('category_set', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='aijobs.categoryset')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
            options={
                'verbose_name_plural': 'job defaults',
            },
        ),
        migrations.AddConstraint(
            model_name='categoryset',
            constraint=models.UniqueConstraint(fields=('tenant', 'name'), name='category_set_named_once'),
        ),
        migrations.AddConstraint(
            model_name='jobdefaults',
            constraint=models.UniqueConstraint(fields=('tenant', 'job_type'), name='job_defaults_once'),
        ),
    ]
