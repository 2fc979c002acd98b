from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("copilot", "0008_context")]
    operations: list[migrations.operations.base.Operation] = [
        migrations.AddField(
            model_name="run",
            name="traceparent",
            field=models.CharField(blank=True, max_length=55),
        ),
    ]
