"""Puts conversations, runs, events and tool calls behind the tenant wall. The queue holds ids only and stays outside."""

from django.db import migrations

from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    dependencies = [("copilot", "0001_initial"), ("core", "0002_wall")]

    operations = [
        *tenant_table("copilot_thread"),
        *tenant_table("copilot_run", references={"thread_id": "copilot_thread"}),
        *tenant_table("copilot_runevent", references={"thread_id": "copilot_thread", "run_id": "copilot_run"}),
        *tenant_table("copilot_toolcall", references={"run_id": "copilot_run"}),
    ]
