"""Fleets unlike the demo's, on which the detector is judged too: each turns one thing, the last several."""

from typing import Final

from sims.demo.recipe import USUAL, Recipe

OTHER_FLEETS: Final[dict[str, Recipe]] = {
    "as the demo": USUAL,
    "noise x1.5": Recipe(noise=1.5),
    "noise x0.7": Recipe(noise=0.7),
    "longer memory of the noise": Recipe(memory=0.6),
    "firmware x3": Recipe(firmware=3),
    "firmware reaches 40 %": Recipe(firmware=2, firmware_reach=0.4),
    "device swaps x5": Recipe(swaps=5),
    "seasonal shops x3": Recipe(seasonal=3),
    "late days x5": Recipe(late_share=0.015),
    "border roaming x4": Recipe(borders=4, border_days=0.3),
    "anomalies x0.5": Recipe(anomalies=0.5),
    "anomalies x2": Recipe(anomalies=2),
    "harmless bursts 0.1 %": Recipe(bursts=0.001),
    "weaker anomalies": Recipe(strength=0.8),
    "shorter anomalies": Recipe(length=0.5),
    "stronger weeks": Recipe(weekend=2, profile=2),
    "five times the use": Recipe(level=5),
    "a fifth of the use": Recipe(level=0.2),
    "more mobile devices": Recipe(shares=(0.1, 0.3, 0.25, 0.15, 0.05, 0.05, 0.1)),
    "many at once": Recipe(
        noise=1.3, swaps=3, firmware=2, late_share=0.01, seasonal=1.5, borders=2, memory=0.45, bursts=0.0003,
        profile=1.5,
    ),
}  # fmt: skip
