from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aijobs', '0011_direct_calls_that_run'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='ledgerentry',
            name='charge_of_tenant',
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['tenant', '-id'], name='charge_of_tenant'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(condition=models.Q(('route', 'sync')), fields=['-id'], name='charge_sync'),
        ),
    ]
