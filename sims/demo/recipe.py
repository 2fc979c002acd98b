"""What of the demo fleet may be turned, so that a detector is judged on other fleets than the one it was tuned on."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from sims.demo.archetypes import ARCHETYPES, Archetype
from sims.demo.events import LENGTHS, RATES, Kind

MOST_ACTIVE: Final = 0.999


@dataclass(frozen=True)
class Recipe:
    """Factors of 1 give the fleet of the demo.

    `noise`, `between`: on the log-sd of a SIM's days, and between SIMs; `memory`: of the daily noise (AR(1)).
    `weekend`, `profile`: powers of the activity on weekends and of the weekly profile; `season`: on its swing.
    `level`: on all use. `shares`: of the archetypes, in their order. `anomalies`, `swaps`, `firmware`, `seasonal`,
    `borders`: on how often they come; `late_share`: of days that are booked a day late; `strength`: a power of how much
    storms and spikes multiply use, and of a thief's bytes; `length`: on how long anomalies last; `bursts`: the share of
    active days with harmless heavy use, three to eight times the usual.
    """

    noise: float = 1.0
    between: float = 1.0
    memory: float = 0.3
    weekend: float = 1.0
    profile: float = 1.0
    season: float = 1.0
    level: float = 1.0
    shares: tuple[float, ...] = ()
    anomalies: float = 1.0
    swaps: float = 1.0
    firmware: float = 1.0
    firmware_reach: float = 0.8
    seasonal: float = 1.0
    borders: float = 1.0
    border_days: float = 0.15
    late_share: float = 0.003
    strength: float = 1.0
    length: float = 1.0
    bursts: float = 0.0
    rates: dict[Kind, float] = field(default_factory=dict)  # events a SIM and year, instead of RATES

    @cached_property
    def archetypes(self) -> tuple[Archetype, ...]:
        """ARCHETYPES with the changes, in the same order."""
        return tuple(self._changed(number, one) for number, one in enumerate(ARCHETYPES))

    def _changed(self, number: int, one: Archetype) -> Archetype:
        if self == Recipe():
            return one
        return replace(
            one,
            share=self.shares[number] / sum(self.shares) if self.shares else one.share,
            median_mb=one.median_mb * self.level,
            between_sd=one.between_sd * self.between,
            daily_sd=one.daily_sd * self.noise,
            weekend=min(one.weekend**self.weekend, MOST_ACTIVE),
            profile=tuple(day**self.profile for day in one.profile),
            season=one.season * self.season,
        )

    def rate(self, kind: Kind) -> float:
        """Events a SIM and year."""
        usual = RATES[kind] * (self.anomalies if kind.is_anomaly else self.swaps)
        return self.rates.get(kind, usual)

    def lengths(self, kind: Kind) -> tuple[int, int]:
        """Days that an event lasts: from, below."""
        low, high = LENGTHS[kind]
        if not kind.is_anomaly:
            return low, high
        shortest = max(round(low * self.length), 1)
        return shortest, max(round(high * self.length), shortest + 1)


USUAL: Final = Recipe()
