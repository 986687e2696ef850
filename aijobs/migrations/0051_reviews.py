"""What people make of results, and the moments at which a job was asked for again."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import aijobs.models.fields


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0049_find_collections_by_name'),
        ('tenants', '0007_limits_and_versions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='aijob',
            name='asked_again',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), help_text='When a person did: one for each of those.', null=True, size=None),
        ),
        migrations.AddField(
            model_name='aijob',
            name='ended_before',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), help_text='When it had failed or was canceled, each time a person asked for it again.', null=True, size=None),
        ),
        migrations.CreateModel(
            name='Comment',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('text', models.CharField(max_length=2000)),
                ('created_by', models.CharField(max_length=150)),
                ('created_at', models.DateTimeField()),
                ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='aijobs.aijob')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='tenants.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['job', 'id'], name='comment_of_job'), models.Index(fields=['tenant', 'id'], name='comment_of_tenant')],
            },
        ),
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='Counts from 1 for each job.')),
                ('result', aijobs.models.fields.JSONTextField(null=True)),
                ('created_by', models.CharField(max_length=150)),
                ('created_at', models.DateTimeField()),
                ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='corrections', to='aijobs.aijob')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='tenants.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'id'], name='correction_of_tenant')],
                'constraints': [models.UniqueConstraint(fields=('job', 'number'), name='correction_once')],
            },
        ),
        migrations.CreateModel(
            name='ReadMark',
            fields=[
                ('pk', models.CompositePrimaryKey('person_id', 'job_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('read_at', models.DateTimeField()),
                ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='read_marks', to='aijobs.aijob')),
                ('person', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['job'], name='read_mark_of_job')],
            },
        ),
        migrations.CreateModel(
            name='Rerun',
            fields=[
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='rerun_of', serialize=False, to='aijobs.aijob')),
                ('source_id', models.UUIDField(help_text='The job that it was made of.')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['source_id', 'job'], name='rerun_of_source')],
            },
        ),
    ]
