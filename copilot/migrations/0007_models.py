from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("copilot", "0006_threads")]
    operations: list[migrations.operations.base.Operation] = []
