"""What goes into the detector and what comes out of it: shapes, units, names. No arithmetic.

Everything is an array with one entry a SIM, in one order that the caller chooses and keeps (ascending ids, say).
Days are ordinals of local dates (`date.toordinal()`: int, so that day % 7 == 1 is a Monday).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]
State = NDArray[np.void]  # of STATE, one entry a SIM

# The position is the number in STATE["kind"] and Findings.kind. 0 is nothing.
KINDS: Final = (
    "none", "spike", "theft", "retry_storm", "silent", "leak", "roaming", "throttled", "new_country", "policy",
)  # fmt: skip
NONE, SPIKE, THEFT, RETRY_STORM, SILENT, LEAK, ROAMING, THROTTLED, NEW_COUNTRY, POLICY = range(len(KINDS))

SEVERITIES: Final = ("none", "low", "medium", "high", "critical")  # by position, as in Findings.severity
LOW_BELOW, MEDIUM_BELOW, HIGH_BELOW, CRITICAL_BELOW = 0.0, -0.5, -0.8, -0.95

OPENED, GOES_ON, ENDED = 0, 1, 2  # Findings.phase
PHASES: Final = ("opened", "goes_on", "ended")

START_DAYS: Final = 14  # days that a SIM is only learned from
WEEKS: Final = 7  # whole weeks that the slope is taken over

# What is remembered of one SIM: small, without pointers, so that `state.tobytes()` and
# `np.frombuffer(raw, STATE).copy()` carry it through a column of bytes. All zero is a SIM never seen.
# Fields that end in _day are ordinals, 0 for never.
STATE: Final = np.dtype(
    [
        ("last_day", "i4"),  # the day taken last
        ("first_known", "i4"),
        ("active", "i2"),  # days with use like the usual (stops at 10,000)
        # Until the start is over: the first 14 days' bytes at [day % 14] (NaN unknown). Afterwards the first seven
        # are the log offset of each weekday (day % 7, Sunday first), the last seven what `recent` was on the last
        # Sundays, newest last.
        ("shape", "f4", (START_DAYS,)),
        ("level", "f4"),  # log of bytes on a usual active day, weekday offset aside
        ("spread", "f4"),  # robust standard deviation of the log residual; 0: still in the start
        ("sessions", "f4"),  # log(1 + sessions) on a usual active day
        ("sessions_spread", "f4"),
        ("idle", "f4", (2,)),  # probability that an idle run begins: Monday to Friday, weekend
        ("low", "f4", (2,)),  # probability of a day far below the usual: Monday to Friday, weekend
        ("runs", "u2", (5,)),  # idle runs so far that reached 1, 2, 4, 8, 16 days
        ("surprise", "f4"),  # at the first day of the idle run, in nats
        ("idle_days", "i2"),  # length of the idle run
        ("trickle", "f4"),  # surprise of the days with a trickle since the quota was reached, in nats
        ("trickle_days", "i2"),
        ("debt", "f4"),  # bytes that were missing on the last days and may arrive late
        ("drift", "f4"),  # one-sided cumulative sum of the deviations (CUSUM)
        ("recent", "f4"),  # as level, but of the last week only
        ("before", "f4"),  # the level that was usual before the present one; 0: none
        ("outside", "i2"),  # active days in a row far from the usual
        ("imei_day", "i4"),  # when the device changed
        ("country_day", "i4"),  # when a country was new
        ("bursts", "u2"),  # days far above the usual with nothing beside them
        ("jump_day", "i4"),  # when use jumped up, or the SIM fell silent with its cohort
        ("jump", "f4"),  # bytes of that jump above the usual
        ("ever_abroad", "?"),
        ("moved", "?"),  # its cohort moves together these days
        ("score", "f4"),  # of the day taken last, -1 .. 1
        # the anomaly that is open, if any
        ("kind", "u1"),
        ("peak", "f4"),  # its lowest score
        ("first_day", "i4"),  # when it opened; kept when it has ended
        ("days", "i2"),  # on which it was seen
        ("quiet", "i2"),  # days since it was seen
    ]
)


@dataclass(frozen=True)
class Day:
    """One whole local day of all SIMs (or, for `peek`, the part of today that is known, of some).

    Everything but `ordinal` and `bytes` may be left out; shape (SIM,) each.
    `bytes` float32: up and down; 0 no use, NaN unknown. Negative and infinite numbers count as unknown.
    `sessions` float32: how many; NaN unknown.
    `imei_changed`: on this day the SIM was first seen in a device of another model (TAC); a return counts too.
    `imei_hours` float32: hours between that change and the end of the day's traffic, for the words; NaN unknown.
    `abroad`: traffic outside the SIM's home country. `new_country`: in a country where the SIM never was before.
    `quota_reached`: its cycle use stands at or above its quota.
    `cohort` int64 >= 0: device model or plan: what moves together; -1 is none.
    `safety_critical`: never suspended. `expected`: somebody said this use is expected: nothing is raised.
    `active`: the SIM was active the whole day; others are not judged and their days teach nothing.
    `limit_bytes`, `limit_sessions` float32: a limit of its own a day, NaN none (see Settings for all).
    """

    ordinal: int
    bytes: Floats
    sessions: Floats | None = None
    imei_changed: Flags | None = None
    imei_hours: Floats | None = None
    abroad: Flags | None = None
    new_country: Flags | None = None
    quota_reached: Flags | None = None
    cohort: Whole | None = None
    safety_critical: Flags | None = None
    expected: Flags | None = None
    active: Flags | None = None
    limit_bytes: Floats | None = None
    limit_sessions: Floats | None = None

    @property
    def weekday(self) -> int:
        """Monday 0 to Sunday 6."""
        return (self.ordinal - 1) % 7


@dataclass(frozen=True)
class Days:
    """Many days in a row: as Day, arrays of the shape (day, SIM); `cohort`, `safety_critical` and limits (SIM,)."""

    first: int  # ordinal of the first
    bytes: Floats
    sessions: Floats | None = None
    imei_changed: Flags | None = None
    abroad: Flags | None = None
    new_country: Flags | None = None
    quota_reached: Flags | None = None
    expected: Flags | None = None
    active: Flags | None = None
    cohort: Whole | None = None
    safety_critical: Flags | None = None
    limit_bytes: Floats | None = None
    limit_sessions: Floats | None = None

    def __iter__(self) -> Iterator[Day]:
        """Each day in turn, as views."""
        daily = ("bytes", "sessions", "imei_changed", "abroad", "new_country", "quota_reached", "expected", "active")
        rows = {name: getattr(self, name) for name in daily if getattr(self, name) is not None}
        fixed = {name: getattr(self, name) for name in ("cohort", "safety_critical", "limit_bytes", "limit_sessions")}
        for place in range(self.bytes.shape[0]):
            yield Day(self.first + place, **{name: rows[name][place] for name in rows}, **fixed)


@dataclass(frozen=True)
class Settings:
    """What an organisation may turn. The defaults are what was tuned and measured.

    `budget`: alerts opened in 10,000 SIM-days, over the last 30 days; what is beyond it waits, the weakest first.
    `sensitivity` divides all thresholds: 2 finds half as strong things, 0.5 twice as strong ones only.
    `kinds` are the kinds that are raised. `limit_bytes`, `limit_sessions`: a day of any SIM above them breaks the
    policy; None: no such rule. `smallest_excess`: bytes above the usual that are worth a word.
    `suspension_cap`: the share of a customer's SIMs that may be suspended automatically in a day.
    """

    budget: float = 3.0
    sensitivity: float = 1.0
    kinds: frozenset[str] = frozenset(KINDS[1:])
    limit_bytes: float | None = None
    limit_sessions: float | None = None
    smallest_excess: float = 50_000.0
    suspension_cap: float = 0.001

    def __post_init__(self) -> None:
        unknown = sorted(self.kinds - set(KINDS[1:]))
        if unknown:
            raise ValueError(f"There is no kind of anomaly named {unknown[0]}; there are: {', '.join(KINDS[1:])}.")
        for name in ("budget", "sensitivity"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above 0.")


# The figures behind a finding; `analytics.anomalies.evidence.in_words` makes a sentence of one.
FIGURES: Final = np.dtype(
    [
        ("value", "f4"),  # bytes of the day
        ("usual", "f4"),  # bytes usual for that weekday
        ("low", "f4"),  # two thirds of such days lie between low and high
        ("high", "f4"),
        ("deviation", "f4"),  # (log value - log usual) in spreads
        ("drift", "f4"),  # CUSUM of the deviations
        ("sessions", "f4"),  # NaN unknown
        ("usual_sessions", "f4"),  # NaN unknown
        ("idle_days", "i2"),  # days in a row without use
        ("idle_odds", "f4"),  # the probability of such a run by chance (0 .. 1)
        ("doubling_days", "f4"),  # of a leak; NaN none
        ("weeks", "i2"),  # that the leak is seen over
        ("imei_age", "i2"),  # days since the device changed; -1 not lately
        ("imei_hours", "f4"),  # hours since, when the caller said them; NaN unknown
        ("abroad", "?"),
        ("country_age", "i2"),  # days since a country was new; -1 not lately
        ("quota_reached", "?"),
        ("limit", "f4"),  # the policy's limit that was broken; NaN none
    ]
)


@dataclass(frozen=True)
class CohortEvent:
    """Many SIMs of a cohort moved the same way within days (firmware, an outage): one finding, not one a SIM.

    `way`: "up" (bytes), "sessions" or "silent"; `moved` of its `size` SIMs did within ten days, each by about `excess`
    bytes (the median; 0 for the other ways).
    """

    day: int
    cohort: int
    way: str
    moved: int
    size: int
    excess: float


@dataclass(frozen=True)
class Findings:
    """One entry a SIM with an anomaly that opened, goes on or ended on that day; arrays of the same length.

    `sim` int64: position in the state; `day` int32 ordinal; `kind` uint8 (KINDS; may become more exact while it goes
    on); `phase` uint8 (PHASES); `score` float32 -1 .. 0; `severity` uint8 (SEVERITIES); `first_day` int32 ordinal on
    which it opened: (sim, first_day) is the anomaly's identity; `days` int16 on which it was seen so far;
    `figures` of FIGURES; `two_evidences` bool: see `suspension.py`. `withheld`: new ones beyond the budget.
    """

    sim: Whole = field(default_factory=lambda: np.zeros(0, np.int64))
    day: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    kind: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    phase: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    score: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    severity: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    first_day: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    days: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    figures: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, FIGURES))
    two_evidences: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))
    cohorts: tuple[CohortEvent, ...] = ()
    withheld: int = 0

    def __len__(self) -> int:
        return int(self.sim.size)

    def only(self, chosen: Flags | Whole) -> "Findings":
        """Those entries alone."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in ARRAYS})


ARRAYS: Final = (
    "sim", "day", "kind", "phase", "score", "severity", "first_day", "days", "figures", "two_evidences",
)  # fmt: skip


@dataclass(frozen=True)
class Scan:
    """The state after the last day, and the findings of all days in order of day, then SIM."""

    state: State
    findings: Findings
    days: int


@dataclass(frozen=True)
class Opinion:
    """Of one finding: whether the forest finds it odd too, its score (-1 .. 1, below 0 odd), and what mattered."""

    agrees: bool
    score: float
    reasons: tuple[str, ...]
