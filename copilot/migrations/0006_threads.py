from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("copilot", "0005_widgets")]
    operations: list[migrations.operations.base.Operation] = []
