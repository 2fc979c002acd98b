import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table

KINDS = [
    ("quota", "quota that runs out"),
    ("savings", "savings"),
    ("anomaly", "new anomaly"),
    ("intake", "failed import"),
    ("approval", "waiting for a decision"),
]


def organization() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="core.organization"
    )


def number() -> models.BigAutoField:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("analytics", "0005_versions")]
    operations = [
        migrations.CreateModel(
            name="Suggestion",
            fields=[
                ("id", number()),
                ("key", models.CharField(max_length=80)),
                ("kind", models.CharField(choices=KINDS, max_length=10)),
                ("severity", models.CharField(max_length=8)),
                ("rank", models.IntegerField()),
                ("for_all", models.BooleanField(default=True)),
                ("sim_id", models.BigIntegerField(blank=True, null=True)),
                ("customer_id", models.BigIntegerField(blank=True, null=True)),
                ("object_id", models.BigIntegerField(blank=True, null=True)),
                ("user_id", models.BigIntegerField(blank=True, null=True)),
                ("facts", models.JSONField(default=dict)),
                ("button", models.CharField(max_length=60)),
                ("link", models.CharField(max_length=300)),
                ("offer", models.JSONField(blank=True, null=True)),
                ("stamp", models.CharField(blank=True, max_length=80)),
                ("weight", models.FloatField(default=1)),
                ("as_of", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("organization", organization()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organization", "kind", "rank", "id"], name="suggestion_by_rank"),
                    models.Index(fields=["organization", "sim_id"], name="suggestion_of_sim"),
                    models.Index(fields=["organization", "customer_id"], name="suggestion_of_customer"),
                ],
                "constraints": [models.UniqueConstraint(fields=("organization", "key"), name="suggestion_once")],
            },
        ),
        migrations.CreateModel(
            name="SuggestionDismissal",
            fields=[
                ("id", number()),
                ("user_id", models.BigIntegerField()),
                ("key", models.CharField(max_length=80)),
                ("stamp", models.CharField(blank=True, max_length=80)),
                ("weight", models.FloatField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("organization", organization()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "user_id", "key"), name="dismissal_once")
                ],
            },
        ),
        *tenant_table("analytics_suggestion"),
        *tenant_table("analytics_suggestiondismissal"),
    ]
