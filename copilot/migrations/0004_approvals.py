from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("copilot", "0003_agui")]
    operations: list[migrations.operations.base.Operation] = []
