"""The words for a finding."""

import numpy as np


def in_words(kind: str, day: int, figures: np.void) -> str:
    """One sentence: what was seen and what is usual. `day` is an ordinal, `figures` one row of FIGURES."""
    return ""
