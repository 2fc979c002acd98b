"""German, French and Spanish: which language a sentence is in, what is made of it, and how many are understood."""

from pathlib import Path

import pytest

from copilot.planner import Planner
from copilot.planner.answers import answer_for
from copilot.planner.evaluation import evaluate, figures, read_rows
from copilot.planner.languages import in_english, language_of, understood
from copilot.planner.phrases import _SAID, phrase
from copilot.planner.unmeant import is_unmeant
from iotsim.core.slots import SlotContext

FOLDER = Path(__file__).parent.parent / "evals"


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_a_language_keeps_its_figures(language: str, planner: Planner, named: SlotContext) -> None:
    rows = read_rows(FOLDER / f"planner_{language}.jsonl")
    assert sum(bool(row.tools) for row in rows) >= 240 and sum(not row.tools for row in rows) >= 150
    report = figures(evaluate(planner, rows[::2], named))
    assert report["tool_accuracy"] >= 0.95
    assert report["tool_and_arguments_accuracy"] >= 0.93
    assert report["out_of_scope_refused"] >= 0.97


def test_the_newer_english_sentences_keep_their_figures(planner: Planner, named: SlotContext) -> None:
    report = figures(evaluate(planner, read_rows(FOLDER / "planner_en.jsonl")[::2], named))
    assert report["tool_accuracy"] >= 0.96
    assert report["tool_and_arguments_accuracy"] >= 0.95
    assert report["out_of_scope_refused"] >= 0.97
    assert report["asked_back"] <= 0.05


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("suspend 3456", "en"),
        ("4410", "en"),
        ("Welche Karten sind gesperrt?", "de"),
        ("sperre 3456", "de"),
        ("Quelles cartes sont suspendues ?", "fr"),
        ("suspends la carte 3456", "fr"),
        ("¿Qué tarjetas están suspendidas?", "es"),
        ("suspende la tarjeta 3456", "es"),
        ("retired cards, newest connection first", "en"),
    ],
)
def test_the_language_is_told_by_its_words(text: str, language: str) -> None:
    assert language_of(text) == language


def test_a_sentence_that_does_not_tell_is_in_the_language_of_the_one_before() -> None:
    assert language_of("4410", before=["Sperre die Karte"]) == "de"


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("Welche SIM-Karten haben mehr als 1,5 GB verbraucht?", "which SIMs have used more than 1.5 GB?"),
        ("Kannst du bitte die Karte 6620 sperren", "can you please suspend SIM 6620"),
        ("Schalte Regel 4 aus", "switch off rule 4"),
        ("Markiere 4410 mit dem Tag gestohlen", "tag SIM 4410 with the tag gestohlen"),
        ("Datenverbrauch von tram-5 seit dem 3. Oktober", "data usage of tram-5 since the 3 October"),
        ("Sperre die 6620 bitte nicht", "do not suspend SIM 6620 please"),
    ],
)
def test_german_in_words_that_the_rules_read(text: str, english: str) -> None:
    assert in_english(text, "de") == english


@pytest.mark.parametrize(
    ("text", "language", "english"),
    [
        ("die 6620 bitte abklemmen", "de", "deactivate SIM 6620 please"),  # a parted verb in one word
        ("welche Vodafonekarten sind offline?", "de", "which Vodafone SIMs are offline?"),
        ("Prognosediagramm für Rheinbau", "de", "forecast chart for Rheinbau"),
        ("désactive la règle quatre", "fr", "deactivate the rule 4"),
        ("quelles cartes ont été attribuées hier ?", "fr", "which SIMs were assigned yesterday?"),
        ("desactiva la regla cuatro", "es", "deactivate the rule 4"),
        ("¿qué tarjetas fueron asignadas ayer?", "es", "which SIMs were assigned yesterday?"),
    ],
)
def test_joined_words_numbers_and_participles(text: str, language: str, english: str) -> None:
    assert in_english(text, language) == english


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("angenommen, ich sperre alle Karten von Rheinbau", "de"),
        ("wir denken drüber nach, Regel 4 zu löschen", "de"),
        ("supposons que je suspende la 6620", "fr"),
        ("on réfléchit à supprimer la règle 4", "fr"),
        ("supongamos que suspendo la 6620", "es"),
        ("estamos valorando borrar la regla 4", "es"),
    ],
)
def test_what_is_only_supposed_or_weighed_is_not_asked_for(text: str, language: str) -> None:
    assert is_unmeant(text, language)


def test_names_and_quoted_words_stay_as_they_are() -> None:
    assert "Polar Foods" in understood("Zeig die Karten von Polar Foods", names=["Polar Foods"]).english
    assert '"Zeig alle Karten"' in understood('Suche Karten mit "Zeig alle Karten"').english


def test_every_phrase_has_every_language() -> None:
    for key, texts in _SAID.items():
        assert len(texts) == 4
        if key not in ("examples", "english"):
            assert all(texts), key


def test_an_answer_without_a_template_says_that_its_details_are_english() -> None:
    told = answer_for({"name": "retire_sim"}, {"sentence": "truck-17 is retired."}, "de")
    assert told == f"{phrase('english', 'de')} truck-17 is retired."


def test_a_template_shows_figures_as_the_language_writes_them() -> None:
    result = {"sentence": "x", "label": "truck-17", "status": "active", "usage_bytes": 1_500_000_000}
    assert "1,50\u00a0GB" in answer_for({"name": "get_sim_details"}, result, "fr")
