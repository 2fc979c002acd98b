from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("copilot", "0007_models")]
    operations: list[migrations.operations.base.Operation] = []
