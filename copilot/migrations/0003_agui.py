from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("copilot", "0002_wall")]
    operations: list[migrations.operations.base.Operation] = []
