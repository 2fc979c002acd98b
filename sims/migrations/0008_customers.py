from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sims", "0007_reports")]
    operations = [
        migrations.AddField(
            model_name="customer",
            name="left_on",
            field=models.DateField(blank=True, null=True),
        ),
    ]
