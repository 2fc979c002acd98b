from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sims", "0004_hourly")]
    operations = []
