"""Figures and parameters import no Django: they work without a database and without settings."""

import subprocess
import sys

PURE = (
    "analytics.charts.figures",
    "analytics.forecasting.boosted",
    "analytics.forecasting.evaluation",
    "analytics.forecasting.fleet",
    "analytics.forecasting.single",
    "analytics.parameters",
    "analytics.examples",
    "iotsim.core.cells",
    "sims.axes",
    "sims.periods",
)


def test_numbers_and_parameters_import_no_database():
    code = f"import sys, {', '.join(PURE)}; sys.exit('django.db' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
