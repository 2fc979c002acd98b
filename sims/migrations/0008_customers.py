from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sims", "0007_reports")]
    operations = [
        migrations.AddField(
            model_name="customer",
            name="left_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="alert",
            name="kind",
            field=models.CharField(
                choices=[
                    ("threshold", "quota threshold"),
                    ("limit", "quota limit"),
                    ("status", "state changed"),
                    ("imei_change", "other device model"),
                    ("new_country", "new country"),
                    ("silence", "no connection"),
                    ("intake_failure", "import failed"),
                    ("manual", "made by hand"),
                    ("anomaly", "anomaly"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="alertrule",
            name="kind",
            field=models.CharField(
                choices=[
                    ("threshold", "quota threshold"),
                    ("limit", "quota limit"),
                    ("status", "state changed"),
                    ("imei_change", "other device model"),
                    ("new_country", "new country"),
                    ("silence", "no connection"),
                    ("intake_failure", "import failed"),
                    ("manual", "made by hand"),
                    ("anomaly", "anomaly"),
                ],
                max_length=16,
            ),
        ),
    ]
