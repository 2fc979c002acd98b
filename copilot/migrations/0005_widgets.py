from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("copilot", "0004_approvals")]
    operations: list[migrations.operations.base.Operation] = []
