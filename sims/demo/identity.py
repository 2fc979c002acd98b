"""Identifiers for the demo SIMs that are valid, look scattered, and never repeat within an organisation.

Digits are kept as arrays (SIM, position) of uint8 and turned into text at the end. Numbers: ICCID after ITU-T
E.118 (89, calling code, issuer, serial, Luhn), IMSI after E.212, MSISDN after E.164, IMEI after 3GPP TS
23.003 (type allocation code, serial, Luhn), EID after GSMA SGP.29 (89, ..., check digits modulo 97).
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sims.demo.archetypes import ARCHETYPES
from sims.demo.fleet import Fleet
from sims.demo.places import COUNTRIES, OPERATOR_COUNTRY, OPERATORS

MEMORABLE_ENDING: Final = "3456"
ICCID_DIGITS: Final = 19
THIEF_TAC: Final = "35299210"  # a telephone
REPLACEMENT_TAC: Final = "35615405"

Digits = NDArray[np.uint8]
Texts = NDArray[np.str_]


def scatter(index: NDArray[np.int64], width: int, key: int) -> NDArray[np.int64]:
    """A different number of `width` digits for every index below 10**width; neighbours come out far apart."""
    size = 10**width
    step = int(size * 0.6180339887498949) | 1  # the golden ratio spreads any run of indices evenly
    while step % 5 == 0:
        step += 2
    # index * step may pass 63 bits for wide numbers: split the index
    high, low = np.divmod(index, 1000)
    product = (high * (step * 1000 % size)) % size + (low * step) % size
    scattered: NDArray[np.int64] = (product + key % size) % size
    return scattered


def digits(numbers: NDArray[np.int64], width: int) -> Digits:
    """Each number as `width` decimal digits, leading zeros included."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return ((numbers[:, None] // powers) % 10).astype(np.uint8)


def luhn(body: Digits) -> Digits:
    """The check digit (SIM, 1) that follows `body`."""
    total = body.astype(np.int64)
    doubled = total[:, ::-1][:, 0::2] * 2
    even = (doubled - 9 * (doubled > 9)).sum(axis=1)
    odd = total[:, ::-1][:, 1::2].sum(axis=1)
    check: Digits = ((-(even + odd)) % 10).astype(np.uint8)[:, None]
    return check


def as_texts(rows: Digits) -> Texts:
    """Rows of digits as an array of text."""
    plain = np.ascontiguousarray(rows + ord("0"))
    return plain.view(f"S{plain.shape[1]}").ravel().astype(f"U{plain.shape[1]}")


def _prefixed(prefix: str, serial: NDArray[np.int64], width: int) -> Digits:
    """`prefix` and a serial, `width` digits together."""
    lead = np.tile(np.array([int(c) for c in prefix], dtype=np.uint8), (serial.size, 1))
    return np.hstack([lead, digits(serial, width - len(prefix))])


def _avoiding(make: Callable[[NDArray[np.int64], NDArray[np.int64]], Texts], size: int) -> Texts:
    """make(SIMs, serial indices) for all SIMs, with other indices where a text ends in the memorable digits.

    The digits before a check digit count as an ending too, since people leave it out.
    """
    sims = np.arange(size)
    texts = make(sims, sims)
    unused = size
    while True:
        clash = np.flatnonzero([MEMORABLE_ENDING in text[-5:] for text in texts])
        if clash.size == 0:
            return texts
        texts[clash] = make(clash, np.arange(unused, unused + clash.size))
        unused += clash.size


def iccids(fleet: Fleet) -> Texts:
    """One ICCID a SIM, the memorable SIM's ending in 3456."""

    def make(sims: NDArray[np.int64], index: NDArray[np.int64]) -> Texts:
        texts = np.empty(sims.size, dtype=f"U{ICCID_DIGITS}")
        for number in range(len(OPERATORS)):
            mine = np.flatnonzero(fleet.operator[sims] == number)
            prefix = issuer_prefix(number)
            serial = scatter(index[mine], ICCID_DIGITS - 1 - len(prefix), fleet.seed * 7919 + number)
            body = _prefixed(prefix, serial, ICCID_DIGITS - 1)
            texts[mine] = as_texts(np.hstack([body, luhn(body)]))
        return texts

    texts = _avoiding(make, fleet.size)
    if fleet.memorable >= 0:
        texts[fleet.memorable] = _memorable_iccid(texts[fleet.memorable])
    return texts


def issuer_prefix(operator: int) -> str:
    """89, the calling code and the issuer, as every ICCID of an operator begins."""
    country = COUNTRIES[OPERATOR_COUNTRY[operator]]
    return f"89{country.calling_code}{OPERATORS[operator].issuer}"


def _memorable_iccid(text: str) -> str:
    """The ICCID nearest to `text` that ends in 3456: the digit before decides the check digit."""
    head, before, check = text[:-5], MEMORABLE_ENDING[:-1], int(MEMORABLE_ENDING[-1])
    bodies = [[int(character) for character in f"{head}{digit}{before}"] for digit in range(10)]
    fitting = int(np.flatnonzero(luhn(np.array(bodies, dtype=np.uint8))[:, 0] == check)[0])
    return f"{head}{fitting}{MEMORABLE_ENDING}"


def imsis(fleet: Fleet) -> Texts:
    """15 digits: the operator's MCC and MNC, then the subscriber."""

    def make(sims: NDArray[np.int64], index: NDArray[np.int64]) -> Texts:
        texts = np.empty(sims.size, dtype="U15")
        for number, operator in enumerate(OPERATORS):
            mine = np.flatnonzero(fleet.operator[sims] == number)
            prefix = operator.mcc + operator.mnc
            serial = scatter(index[mine], 15 - len(prefix), fleet.seed * 104729 + number)
            texts[mine] = as_texts(_prefixed(prefix, serial, 15))
        return texts

    return _avoiding(make, fleet.size)


def msisdns(fleet: Fleet) -> Texts:
    """Numbers from ranges for machines where the country has one, without the plus sign."""

    def make(sims: NDArray[np.int64], index: NDArray[np.int64]) -> Texts:
        texts = np.empty(sims.size, dtype="U15")
        home = np.array(OPERATOR_COUNTRY)[fleet.operator[sims]]
        for number, country in enumerate(COUNTRIES):
            mine = np.flatnonzero(home == number)
            prefix = country.calling_code + country.mobile
            serial = scatter(index[mine], country.digits - len(prefix), fleet.seed * 15485863 + number)
            texts[mine] = as_texts(_prefixed(prefix, serial, country.digits))
        return texts

    return _avoiding(make, fleet.size)


def imeis(fleet: Fleet) -> Texts:
    """The IMEI of each SIM's device, of one of its archetype's hardware models."""
    texts = np.empty(fleet.size, dtype="U15")
    for number, archetype in enumerate(ARCHETYPES):
        for model, tac in enumerate(archetype.tacs):
            mine = np.flatnonzero((fleet.archetype == number) & (fleet.model == model))
            texts[mine] = imeis_of_model(tac, np.arange(mine.size), fleet.seed)
    return texts


def imeis_of_model(tac: str, index: NDArray[np.int64], key: int) -> Texts:
    """IMEIs with the type allocation code `tac`, one for each index below a million."""
    body = _prefixed(tac, scatter(index, 6, key * 31337), 14)
    return as_texts(np.hstack([body, luhn(body)]))


def eids(fleet: Fleet, rng: np.random.Generator, share: float = 0.2) -> list[str]:
    """An EID for the SIMs that are eUICCs, else an empty text."""
    texts = [""] * fleet.size
    chosen = np.flatnonzero(rng.random(fleet.size) < share)
    serial = scatter(np.arange(chosen.size), 12, fleet.seed * 65537)
    for sim, number in zip(chosen.tolist(), serial.tolist(), strict=True):
        body = int(f"890490320050{number:018d}") * 100
        texts[sim] = str(body + 98 - body % 97)
    return texts
