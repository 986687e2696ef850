"""What becomes of a job whose prompt is so long that its model asks more for every token."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0004_repeats'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='long_prompts',
            field=models.CharField(choices=[('run', 'Run it at that price'), ('other_model', 'Ask another model, whose price is the same for every length'), ('refuse', 'Refuse it')], db_default='run', default='run', help_text='What becomes of a job whose prompt is so long that its model asks more for each of its tokens. The length is estimated before the job is queued.', max_length=11),
        ),
        migrations.AddConstraint(
            model_name='tenant',
            constraint=models.CheckConstraint(condition=models.Q(('long_prompts__in', ['run', 'other_model', 'refuse'])), name='tenant_long_prompts_known'),
        ),
    ]
