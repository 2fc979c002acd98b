from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("copilot", "0008_context")]
    operations: list[migrations.operations.base.Operation] = []
