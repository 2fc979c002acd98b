"""What is worth doing now, made of what the nights and the hours found; and who does not want to see it.

Without foreign keys, as all that is worked out anew: SIMs, customers and imports are named by plain ids.
"""

from django.db import models

from iotsim.core.models import TenantModel


class SuggestionKind(models.TextChoices):
    QUOTA = "quota", "quota that runs out"
    SAVINGS = "savings", "savings"
    ANOMALY = "anomaly", "new anomaly"
    INTAKE = "intake", "failed import"
    APPROVAL = "approval", "waiting for a decision"


class Suggestion(TenantModel):
    """One thing worth doing for as long as the fact holds. `key` names the fact: "quota:17".

    `rank` orders them, the most urgent first. `facts` are the figures that its words are made of. `offer` is the act
    that stands ready (iotsim/core/offers.py), `link` the page. `stamp` and `weight` say when a fact is another one, or
    much larger than the one that somebody dismissed. `for_all`: for whoever sees the whole fleet; the others are
    for those limited to `customer_id`. `user_id`: who brought the import, if it is about one.
    """

    key = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=SuggestionKind.choices)
    severity = models.CharField(max_length=8)
    rank = models.IntegerField()
    for_all = models.BooleanField(default=True)
    sim_id = models.BigIntegerField(null=True, blank=True)
    customer_id = models.BigIntegerField(null=True, blank=True)
    object_id = models.BigIntegerField(null=True, blank=True)  # of the import or anomaly
    user_id = models.BigIntegerField(null=True, blank=True)
    facts = models.JSONField(default=dict)
    button = models.CharField(max_length=60)
    link = models.CharField(max_length=300)
    offer = models.JSONField(null=True, blank=True)
    stamp = models.CharField(max_length=80, blank=True)
    weight = models.FloatField(default=1)
    as_of = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="suggestion_once")]
        indexes = [
            models.Index(fields=["organization", "kind", "rank", "id"], name="suggestion_by_rank"),
            models.Index(fields=["organization", "sim_id"], name="suggestion_of_sim"),
            models.Index(fields=["organization", "customer_id"], name="suggestion_of_customer"),
        ]

    def __str__(self) -> str:
        return self.key


class SuggestionDismissal(TenantModel):
    """A person does not want to see that suggestion, as it was then."""

    user_id = models.BigIntegerField()
    key = models.CharField(max_length=80)
    stamp = models.CharField(max_length=80, blank=True)
    weight = models.FloatField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "user_id", "key"], name="dismissal_once")]

    def __str__(self) -> str:
        return f"{self.key}, not for person {self.user_id}"
