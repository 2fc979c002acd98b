from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sims", "0007_reports")]
    operations = []
