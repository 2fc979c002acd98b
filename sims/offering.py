"""Next steps that an answer about SIMs holds ready. Pure: figures in, offers out."""

from typing import Final

from iotsim.core.offers import Offer
from iotsim.core.wording import size

ROOM: Final = 10  # a tenth more than is expected
FIGURES: Final = 2  # 12 GB, not 11.87


def roomy(expected_bytes: int) -> int:
    """A quota for that use: a tenth more, rounded up to two figures. Bytes."""
    wanted = max(1, expected_bytes - -expected_bytes // ROOM)
    step: int = 10 ** max(0, len(str(wanted)) - FIGURES)
    return -(-wanted // step) * step


def larger_quota(iccid: str, name: str, *, quota_bytes: int | None, expected_bytes: int) -> list[Offer]:
    """Raise the quota of a SIM to what it is going to use; nothing when it has room enough or no quota."""
    wanted = roomy(expected_bytes)
    if quota_bytes is None or wanted <= quota_bytes:
        return []
    words = f"Raise the quota of SIM {name} to {size(wanted)}"
    return [Offer(service="update_quota", arguments={"sim": iccid, "quota": wanted}, words=words)]


def suspend(iccid: str, name: str, *, reason: str = "") -> Offer:
    """Suspend one SIM."""
    arguments = {"sim": iccid, "action": "suspend"} | ({"reason": reason} if reason else {})
    return Offer(service="toggle_sim_status", arguments=arguments, words=f"Suspend SIM {name}")
