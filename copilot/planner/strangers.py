"""Sentences in a language that the planner does not read: told by their commonest words, or by their script. Pure."""

import re
import unicodedata
from functools import cache
from typing import Final

from copilot.planner.lexicon import LANGUAGES, Book, book_of, folded
from iotsim.core.names import words as word_set

# The commonest words of other languages; what a language that is read has as well does not tell them.
_WORDS: Final = {
    "it": word_set(
        """quali quale che della delle degli dello sono hanno questo questa mese per favore perché più anche tutte tutti
        mostrami mostra sospendi disattiva attiva carte schede scheda carta quanto quanta quanti gli ieri oggi settimana
        scorsa scorso consumo consumato dati elenca abbiamo tutto sono fammi vedere vorrei puoi il lo nostre nostri"""
    ),
    "nl": word_set(
        """welke deze het een van kaart kaarten zijn heeft hebben niet ons onze mij geef laat zien veel meer dan maand
        week alstublieft graag kun kunt je jullie hoeveel waarom wat wie afgelopen vorige schakel zet sluit af uit
        verbruik verbruiken verbruikt gegevens gebruikt overzicht alle"""
    ),
    "pl": word_set(
        """które który która karta karty kartę kart ile jest są proszę pokaż zawieś wszystkie danych zużyły zużyła
        najwięcej tym miesiącu tydzień dlaczego kto czy nie moje nasze włącz wyłącz klienta"""
    ),
    "pt": word_set(
        """quais qual cartões cartão não são você quanto esta este mês semana passada mostre suspenda ative dados
        usaram usou nossos nossas meus minhas por favor uma um os as dos das com mais gastou porquê obrigado quantos
        quantas temos tem total foi foram nós ontem hoje qualquer onde quem estão ativos"""
    ),
    "sv": word_set("vilka vilket kort korten är och inte hur mycket visa stäng av på för månad vecka jag vi har det"),
    "da": word_set("hvilke kort kortene er og ikke hvor meget vis på for måned uge jeg vi har det afbryd"),
    "cs": word_set("které karty kolik jsou je prosím ukaž všechny dat měsíc týden proč kdo pozastav zákazníka"),
    "tr": word_set("hangi kartlar kart ne kadar göster tüm bu ay hafta neden kim lütfen veri kullandı askıya al"),
    "ro": word_set("care cartele cartela sunt este arată toate luna săptămâna de ce cine vă rog date suspendă"),
}  # fmt: skip
_ENGLISH: Final = word_set(
    """the a an of to in on is are what which who how show me my our all for with and or please give list find that has
    have do does did from by at it its we us you can could not no de as per over under am were was be more man des card
    data men die hand dose week visa date care total as com on kart det""",
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_LEAST: Final = 2  # words of a language that tell it


@cache
def _own() -> dict[str, frozenset[str]]:
    """The words of each language that no book and no plain English has."""
    books = [book_of(language) for language in LANGUAGES]
    return {
        language: frozenset(
            word for word in several if word not in _ENGLISH and not any(_has(book, word) for book in books)
        )
        for language, several in _WORDS.items()
    }


def _has(book: Book, word: str) -> bool:
    plain = folded(word, book.language)
    return plain in book.common or any(one.words == (plain,) for one in book.by_start.get(plain[:4], ()))


def is_in_another_language(text: str) -> bool:
    """Whether most of a sentence's plain words are of a language that is not read."""
    letters = [one for one in text if one.isalpha()]
    if sum("LATIN" not in unicodedata.name(one, "LATIN") for one in letters) * 2 > len(letters):
        return True
    words = set(_WORD.findall(text.lower()))
    telling = {language: sum(word in own for word in words) for language, own in _own().items()}
    best = max(telling, key=lambda one: telling[one])
    if telling[best] < _LEAST:
        return False
    known = max(sum(folded(word, book.language) in book.common for word in words) for book in map(book_of, LANGUAGES))
    return sum(word in _WORDS[best] for word in words) > max(known, sum(word in _ENGLISH for word in words))
