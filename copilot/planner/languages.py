"""German, French and Spanish for a planner that reads English: which language it is, and its words in English.

Nothing is translated well: the words that services, slots and rules look for are put into English and into an order
that they read; names, numbers, quoted text and whatever the book does not know stay as they were written.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from copilot.planner.lexicon import LANGUAGES, Book, Phrase, book_of, english_of_books, fits, folded, parts_of
from copilot.planner.order import settled
from copilot.planner.participles import is_participle, past
from copilot.planner.spelling_out import english_figures, taken_apart
from iotsim.core.names import words as word_set

ENGLISH: Final = "en"

_TOKEN: Final = re.compile(
    r"(?P<kept>\"[^\"]{1,200}\"|“[^”]{1,200}”|„[^“”\"]{1,200}[“”\"]|«[^»]{1,200}»|`[^`]{1,80}`|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|"
    r"\b[A-Za-z]+/[A-Za-z_]+\b|[\w.,:+/-]*\d[\w.:+/-]*(?:,\d+)?)|(?P<word>[^\W\d_]+(?:-[^\W\d_]+)*'?)|(?P<other>\S)"
)
_MARKS: Final = {"de": "äöüß", "fr": "çœèêàùôîâ", "es": "¿¡ñáíóú"}
_ELIDED: Final = re.compile(r"\b(?:[cdjlmnst]|qu)['’](?=[aeiouyhàâéèêîô])", re.IGNORECASE)  # "l'alerte"
_CONTRACTED: Final = re.compile(
    r"\b\w+n't\b|\b(?:i|you|we|they|he|she|it|that|what|who)'(?:s|re|ve|ll|d|m)\b", re.IGNORECASE
)
_ENGLISH: Final = word_set(
    """the a an of to in on is are what which who how show me my our all for with and or please give list find that has
    have do does did from by at it its them their we us i you can could would should will this these those last since
    more than over under any why when where set put make get was were be not no suspend activate resume retire usage
    costs forecast chart every each"""
)


@dataclass(frozen=True)
class Understood:
    """A sentence, its language ("en", "de", "fr", "es"), and what the English rules are given of it."""

    text: str
    language: str
    english: str


@dataclass
class Word:
    """A word on its way into English."""

    said: str
    english: str | None = None  # None: as it was said
    is_verb: bool = False
    kept: bool = False  # a value, not to be read as a word

    @property
    def shown(self) -> str:
        return self.said if self.english is None else self.english


def language_of(text: str, *, before: Sequence[str] = ()) -> str:
    """The language of a sentence; one that does not tell takes the language of the sentences `before` it."""
    scores = _scores(text)
    best = max(LANGUAGES, key=lambda one: scores[one])
    if scores[best] > scores[ENGLISH]:
        return best
    if scores[ENGLISH] > 0 or not before:
        return ENGLISH
    return language_of(before[-1], before=before[:-1])


def _scores(text: str) -> dict[str, float]:
    words = [match["word"].strip("'") for match in _TOKEN.finditer(text.replace("’", "'")) if match["word"]]
    plain = [word.lower() for word in words]
    scores = {
        ENGLISH: sum(word in _ENGLISH for word in plain)
        + 0.6 * sum(word in english_of_books() for word in plain)
        + 2 * len(_CONTRACTED.findall(text.replace("’", "'")))
    }
    for language in LANGUAGES:
        book = book_of(language)
        told = [folded(word, language) for word in words]
        scores[language] = (
            sum(word in book.common for word in told)
            + 0.6 * sum(len(word) > 3 and _tells(book, word) for word in told)
            + (language == "fr") * bool(_ELIDED.search(text))
            + 1.2 * any(letter in text.lower() for letter in _MARKS[language])
        )
    return scores


def _tells(book: Book, word: str) -> bool:
    """A word of the language that is not the same word in English."""
    phrase = book.find([word], 0) if word not in english_of_books() else None
    return phrase is not None and folded(phrase.english, "en").rstrip("s") != word.rstrip("s")


def understood(text: str, *, names: Iterable[str] = (), before: Sequence[str] = ()) -> Understood:
    """The sentence in words that the English rules read. `names` are the organisation's own and stay as they are."""
    language = language_of(text, before=before)
    if language == ENGLISH:
        return Understood(text, language, text)
    return Understood(text, language, in_english(text, language, names=names))


def in_english(text: str, language: str, *, names: Iterable[str] = ()) -> str:
    text, why = _with_its_reason(text.replace("’", "'"), language)
    words = _words(taken_apart(english_figures(text, language), language), names, book_of(language))
    _keep_tags(words, language)
    _join_the_parted(words, language)
    _translate(words, language)
    return settled(words, language) + why


_BECAUSE: Final = {
    "de": re.compile(r"\s*(?:,\s*(?:weil|da|denn)|\s(?:weil|wegen))\s+(?P<why>.{2,})$", re.IGNORECASE),
    "fr": re.compile(r"(?:,\s*car\s+|\s*,?\s(?:parce\s+qu(?:e\s+|')|puisqu(?:e\s+|')))(?P<why>.{2,})$", re.IGNORECASE),
    "es": re.compile(r"\s*,?\s(?:porque|ya\s+que)\s+(?P<why>.{2,})$", re.IGNORECASE),
}


def _with_its_reason(text: str, language: str) -> tuple[str, str]:
    """The sentence without its reason, and the reason: it is kept as it was said."""
    match = _BECAUSE[language].search(text)
    return (text[: match.start()], f" because {match['why']}") if match else (text, "")


def _words(text: str, names: Iterable[str], book: Book) -> list[Word]:
    known = sorted((name for name in names if len(name) > 2), key=len, reverse=True)
    pattern = "|".join(re.escape(name) for name in known)
    words, position = [], 0
    for match in re.finditer(rf"(?<![\w-])(?:{pattern})(?![\w-])", text, re.IGNORECASE) if known else ():
        if match[0].islower() and book.knows(folded(match[0], book.language)):
            continue  # "le plus" is not the plan Plus
        words += [*_plain_words(text[position : match.start()]), Word(match[0], kept=True)]
        position = match.end()
    return [*words, *_plain_words(text[position:])]


def _plain_words(text: str) -> list[Word]:
    return [Word(_plain_quotes(match[0]), kept=match["word"] is None) for match in _TOKEN.finditer(text)]


def _plain_quotes(text: str) -> str:
    return f'"{text[1:-1].strip()}"' if text[0] in "„«“" and len(text) > 2 else text


_TAG: Final = {
    "de": ("tag", "etikett", "schlagwort"),
    "fr": ("tag", "etiquette", "libelle"),
    "es": ("etiqueta", "tag"),
}
_CALLED: Final = {
    "de": ("namens", "mit", "dem", "namen"),
    "fr": ("nomme", "nommee", "appele", "appelee"),
    "es": ("llamada", "llamado"),
}
_SMALL: Final = word_set(
    "to from of with on in for and the a an at by off again please remove add put set which that has or is are"
)


def _keep_tags(words: list[Word], language: str) -> None:
    """What stands right behind "tag" is its name, whatever the word means ("mit dem Tag gestohlen")."""
    book = book_of(language)
    for place, word in enumerate(words[:-1]):
        if word.kept or folded(word.said, language) not in _TAG[language] or _is_a_day(words, place, language):
            continue
        if place == 0 and language != "de":
            continue  # a command: "étiquette ces cartes", "etiqueta estas tarjetas"
        following = next(
            (one for one in words[place + 1 :] if folded(one.said, language) not in _CALLED[language]), None
        )
        if following is None or following.kept:
            continue
        phrase = book.find([folded(following.said, language)], 0)
        first = phrase.english.split(" ")[0].lower() if phrase else ""
        following.kept = first not in _SMALL and not (phrase and phrase.is_verb)


def _is_a_day(words: list[Word], place: int, language: str) -> bool:
    before = folded(words[place - 1].said, language) if place else ""
    return language == "de" and before in ("pro", "jeden", "am", "letzten", "ganzen", "guten", "diesem", "diesen")


def _join_the_parted(words: list[Word], language: str) -> None:
    """ "schalte X ab" becomes "deactivate X": the meaning stands where the first part stood."""
    plain = ["" if one.kept else folded(one.said, language) for one in words]
    for pair in book_of(language).apart:
        if not any(fits(pair.first[0], one) for one in plain) or not any(fits(pair.second[0], one) for one in plain):
            continue
        for start in range(len(words)):
            if words[start].english is not None or not Phrase(pair.first, "").fits(plain, start):
                continue
            end = _second(words, plain, pair.second, start + len(pair.first))
            if end is not None:
                _put(words, start, len(pair.first), pair.english)
                _put(words, end, len(pair.second), "")
                break


def _second(words: list[Word], plain: list[str], second: tuple[str, ...], start: int) -> int | None:
    for place in range(start, min(start + 14, len(words))):
        if words[place].said in (";", ".", "?", "!"):
            return None
        if words[place].english is None and Phrase(second, "").fits(plain, place):
            return place
    return None


def _put(words: list[Word], start: int, count: int, english: str) -> None:
    for word in words[start : start + count]:
        word.english = ""
    words[start].english, words[start].is_verb = english, bool(english)


def _translate(words: list[Word], language: str) -> None:
    book = book_of(language)
    plain = ["" if one.kept or one.english is not None else folded(one.said, language) for one in words]
    place = 0
    while place < len(words):
        if not plain[place]:
            place += 1
            continue
        phrase = book.find(plain, place, verbs_first=_begins(words, place))
        if phrase is None or _is_a_compound(phrase, plain[place], language):
            _translate_one(words[place], plain[place], book)
            place += 1
            continue
        count = len(phrase.words)
        if language == "fr" and count == 1 and words[place].said.lower() in _ACCENTED:
            phrase = Phrase(phrase.words, _ACCENTED[words[place].said.lower()])
        _put(words, place, count, phrase.english)
        words[place].is_verb = phrase.is_verb
        if language == "es" and phrase.is_verb:
            words[place].english = phrase.english + _enclitic(words[place].said)
        if phrase.is_verb and count == 1 and not _begins(words, place) and is_participle(words[place].said, language):
            words[place].english, words[place].is_verb = past(phrase.english), False
        place += count


def _is_a_compound(phrase: Phrase, word: str, language: str) -> bool:
    """Whether a pattern covers only the beginning of a compound: "prognose*" in "prognosediagramm"."""
    pattern = phrase.words[0]
    if language != "de" or len(phrase.words) > 1 or not pattern.endswith("*") or len(word) - len(pattern) < 4:
        return False
    return parts_of(word, language) is not None


def _begins(words: list[Word], place: int) -> bool:
    """Whether a sentence or a clause begins there: "..., bloque-le"."""
    return not any(one.shown for one in words[:place]) or words[place - 1].said in (",", ";", ":", ".")


_ACCENTED: Final = {"à": "to"}  # without its accent it is "has"

_ENCLITIC: Final = re.compile(r"[áéíóú]\w*?[aeir](?P<them>l[ao]s)?(?P<it>l[ao])?$", re.IGNORECASE)


def _enclitic(said: str) -> str:
    """The pronoun that a Spanish command carries at its end: "suspéndelas" is "suspend them"."""
    match = _ENCLITIC.search(said)
    if match is None:
        return ""
    return " them" if match["them"] else " it" if match["it"] else ""


def _translate_one(word: Word, plain: str, book: Book) -> None:
    """A word that no phrase begins with: a compound, a slip of the keyboard, or a name."""
    pieces = plain.split("-") if "-" in plain else parts_of(plain, book.language)
    if pieces and all(book.find([piece], 0) for piece in pieces):
        found = [book.find([piece], 0) for piece in pieces]
        word.english = " ".join(one.english for one in found if one)
        return
    if word.said[:1].isupper() and book.language != "de":
        return
    near = book.nearest(plain)
    phrase = book.find([near], 0) if near else None
    if phrase is not None and len(phrase.words) == 1:
        word.english, word.is_verb = phrase.english, phrase.is_verb
