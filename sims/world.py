"""The world's mobile operators: a table of networks (MCC and MNC), their names, groups and countries.

Pure Python over `sims/data/operators.csv` and `operator_aliases.csv` (sources stand in their first lines),
read once, when somebody first asks.
"""

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

DATA = Path(__file__).resolve().parent / "data"

# MCCs that are assigned to a country though no operating network is listed under them.
_UNUSED_MCC = {"316": "US"}

# Names that are also everyday words: in a sentence they count only beside a word such as "operator" or "on".
_ORDINARY = frozenset(
    re.split(
        r"\s*,\s*",
        "access, alfa, alo, asanet, azur, base, bell, best, blu, bob, breeze, busy, cafe, chili, cubic, "
        "dish, dito, dna, epic, etc, evo, fido, flow, free, glo, globe, google, grid, hutch, iam, ice, "
        "idc, jazz, koz, legos, local, logic, losange, madar, mattel, metro, mobi, muni, nema, nokia, "
        "nova, nth, one, only, ora, ose, partner, pcs, personal, phoenix, play, plus, post, prima, rag, "
        "rain, red, relish, roshan, sine, smart, smile, som, spark, sure, swift, switch, tal, tango, "
        "telco, telcom, three, tim, touch, tre, tri, true, unifi, viking, viva, voda, vox, wave, will, "
        "wind, wins, yes, you, cellular one, civil aviation authority, department of defence, global "
        "technology, home office, hub one, ministry of interior, mobile one, national security, net 1, "
        "next mobile, one network, open mobile, public mobile, rock mobile, smart mobile, telecom "
        "networks, top connect, united wireless",
    )
)
_SHORT_BRANDS = frozenset({"a1", "bt", "ee", "kt", "o2"})

_WORD = re.compile(r"[^\W_]+|&")
_GAP = re.compile(r"[\s\-.'’*/!:@]{0,3}")


class WorldOperator(NamedTuple):
    """One network. `country` is ISO 3166-1 alpha-2, empty where the network has none (MCC 901)."""

    mcc: str
    mnc: str
    name: str
    legal_name: str
    country: str

    @property
    def plmn(self) -> str:
        return self.mcc + self.mnc


class OperatorMention(NamedTuple):
    """An operator named in a text: `text[start:end]`, its own name, and the brands it stands for.

    `sure` is False when the name is also an everyday word ("Smart", "Three").
    """

    start: int
    end: int
    text: str
    name: str
    names: tuple[str, ...]
    sure: bool


class _Names(NamedTuple):
    """What a folded name stands for: the brands, and how it is written."""

    brands: tuple[str, ...]
    written: str


def _rows(name: str) -> Iterator[list[str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(line for line in file if not line.startswith("#"))
        next(rows)
        yield from rows


def _fold(word: str) -> str:
    """Lower case without accents; "and" is written "&"."""
    word = word.casefold()
    if not word.isascii():
        word = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    return "&" if word == "and" else word


def _words(text: str) -> tuple[str, ...]:
    return tuple(_fold(word) for word in _WORD.findall(text))


@cache
def operators() -> tuple[WorldOperator, ...]:
    """Every network of the table, ordered by MCC and MNC."""
    return tuple(WorldOperator(*row) for row in _rows("operators.csv"))


@cache
def operator_names() -> tuple[str, ...]:
    """The different names, each once, those with the most networks first."""
    return tuple(name for name, _ in Counter(operator.name for operator in operators()).most_common())


@cache
def aliases() -> Mapping[str, tuple[str, ...]]:
    """Other names and groups, as written, with the brands they stand for."""
    found: dict[str, list[str]] = defaultdict(list)
    for alias, name in _rows("operator_aliases.csv"):
        found[alias].append(name)
    return MappingProxyType({alias: tuple(names) for alias, names in found.items()})


@cache
def _by_plmn() -> Mapping[str, WorldOperator]:
    return {operator.mcc + operator.mnc: operator for operator in operators()}


@cache
def _countries() -> Mapping[str, str]:
    """The country of each MCC: the one most of its networks are in."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for operator in operators():
        counts[operator.mcc][operator.country] += 1
    return _UNUSED_MCC | {mcc: each.most_common(1)[0][0] for mcc, each in counts.items()}


def operator_by_plmn(mcc: str, mnc: str) -> WorldOperator | None:
    """The network, however the MNC is padded: 26201, 262 1 and 262 001 are the same one."""
    digits = mnc.strip()
    table = _by_plmn()
    padded = [digits, digits.zfill(2), digits.zfill(3), digits.lstrip("0").zfill(2)]
    return next((table[mcc + each] for each in padded if mcc + each in table), None)


def operator_by_imsi(imsi: str) -> WorldOperator | None:
    """The home network of an IMSI: its first five or six digits, the longer one first."""
    table = _by_plmn()
    return table.get(imsi[:6]) or table.get(imsi[:5])


def plmn_of_imsi(imsi: str) -> tuple[str, str] | None:
    """MCC and MNC of an IMSI, None when no listed network fits."""
    operator = operator_by_imsi(imsi)
    return (operator.mcc, operator.mnc) if operator else None


def country_by_mcc(mcc: str) -> str | None:
    """The alpha-2 code of a mobile country code; None for shared codes such as 901 and unknown ones."""
    return _countries().get(mcc) or None


@cache
def _index() -> Mapping[tuple[str, ...], _Names]:
    """Folded names and aliases -> what they stand for. An alias wins over a name written the same."""
    table: dict[tuple[str, ...], _Names] = {}
    for name in reversed(operator_names()):
        table[_words(name)] = _Names((name,), name)
    for alias, brands in aliases().items():
        table[_words(alias)] = _Names(brands, alias if len(brands) > 1 else brands[0])
    for words in [words for words in table if len(words) > 1 and min(map(len, words)) < 3]:
        table.setdefault(("".join(words),), table[words])  # "tmobile", "at&t" without its signs
    table.pop((), None)
    return table


@cache
def _by_first_word() -> Mapping[str, list[tuple[str, ...]]]:
    """First word -> the names that begin with it, longest first."""
    table: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for words in sorted(_index(), key=len, reverse=True):
        table[words[0]].append(words)
    return table


@cache
def _by_legal_name() -> Mapping[tuple[str, ...], str]:
    return {_words(operator.legal_name): operator.name for operator in operators() if operator.legal_name}


def brands_of(name: str) -> tuple[str, ...]:
    """The operator names that a name, alias, group or legal name stands for; empty when unknown.

    "Deutsche Telekom" -> ("Telekom",), "telefonica" -> ("Movistar", "O2", "Telefónica", "Vivo").
    """
    words = _words(name)
    if words in _index():
        return _index()[words].brands
    legal = _by_legal_name().get(words)
    return (legal,) if legal else ()


def operators_named(name: str) -> tuple[WorldOperator, ...]:
    """All networks of an operator or group, in every country."""
    brands = set(brands_of(name))
    return tuple(operator for operator in operators() if operator.name in brands) if brands else ()


def countries_of(name: str) -> frozenset[str]:
    """The alpha-2 codes of the countries where an operator or group has a network."""
    return frozenset(operator.country for operator in operators_named(name) if operator.country)


def find_operators(text: str) -> list[OperatorMention]:
    """The operators that a sentence names, exactly or by an alias, in their order; the longest name wins."""
    spans = [(match.start(), match.end()) for match in _WORD.finditer(text)]
    words = [_fold(text[start:end]) for start, end in spans]
    found: list[OperatorMention] = []
    position = 0
    while position < len(words):
        name = _name_at(text, words, spans, position)
        if name is None:
            position += 1
            continue
        start, end = spans[position][0], spans[position + len(name) - 1][1]
        names = _index()[name]
        found.append(OperatorMention(start, end, text[start:end], names.written, names.brands, _sure(name)))
        position += len(name)
    return found


def _name_at(text: str, words: list[str], spans: list[tuple[int, int]], position: int) -> tuple[str, ...] | None:
    for name in _by_first_word().get(words[position], ()):
        stop = position + len(name)
        if tuple(words[position:stop]) == name and _close(text, spans[position:stop]):
            return None if len(name) == 1 and name[0].isdigit() else name
    return None


def _close(text: str, spans: list[tuple[int, int]]) -> bool:
    return all(_GAP.fullmatch(text, left[1], right[0]) for left, right in pairwise(spans))


def _sure(name: tuple[str, ...]) -> bool:
    key = " ".join(name)
    return key not in _ORDINARY and (len(key) > 2 or key in _SHORT_BRANDS)
