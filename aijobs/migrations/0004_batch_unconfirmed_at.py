from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("aijobs", "0003_notices_and_ledger")]
    operations = [
        migrations.AddField(
            model_name="batch",
            name="unconfirmed_at",
            field=models.DateTimeField(null=True),
        ),
    ]
