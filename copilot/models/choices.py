"""How an organisation wants its copilot: which model, what may leave, how much it may take."""

from django.db import models

from iotsim.core.models import TenantModel


class CopilotSettings(TenantModel):
    """One row an organisation; without a row, or with empty fields, what the server's settings say holds.

    `model` is a litellm name that the server offers, `builtin/planner`, or empty (not chosen). `masking` says for which
    models names and identifiers are masked. Budgets are US dollars in a day or month of the organisation's time zone,
    None for no limit; `unpriced_tokens_month` is how many tokens models without a known price may take. The caps of a
    run can only be lower than the server's.
    """

    MASKING = [("outside", "models outside"), ("always", "every model"), ("never", "none")]

    model = models.CharField(max_length=120, blank=True)
    masking = models.CharField(max_length=8, choices=MASKING, default="outside")
    mask_labels = models.BooleanField(default=False)
    budget_month = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    budget_day = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    user_budget_month = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    user_budget_day = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    unpriced_tokens_month = models.BigIntegerField(null=True, blank=True)
    max_steps = models.IntegerField(null=True, blank=True)
    max_calls = models.IntegerField(null=True, blank=True)
    max_tokens = models.IntegerField(null=True, blank=True)
    max_output_tokens = models.IntegerField(null=True, blank=True)
    max_seconds = models.IntegerField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "copilot settings"
        constraints = [models.UniqueConstraint(fields=["organization"], name="copilot_settings_once")]

    def __str__(self) -> str:
        return self.model or "not chosen"
