from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0012_charges_by_route'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='aijob',
            index=models.Index(condition=models.Q(('status__in', ['failed', 'canceled'])), fields=['tenant', 'status', 'job_type', '-id'], name='job_of_kind_rare'),
        ),
    ]
