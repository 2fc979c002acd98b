"""Calls of a model that reads the text of a photo."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("copilot", "0010_search_plan")]

    operations = [
        migrations.AlterField(
            model_name="modelcall",
            name="purpose",
            field=models.CharField(
                choices=[("answer", "answer"), ("summary", "summary"), ("photo", "photo")],
                default="answer",
                max_length=8,
            ),
        ),
    ]
