"""Sentence vectors."""

from pathlib import Path

import numpy as np

from copilot.embedding import DIMENSIONS, embed, embed_kept, whole_words


def test_vectors_have_length_one_and_near_sentences_are_near() -> None:
    vectors = embed(["suspend the SIM", "pause the SIM card", "a recipe for pancakes"])
    assert vectors.shape == (3, DIMENSIONS)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


def test_the_order_of_a_batch_changes_nothing() -> None:
    texts = [f"show {'very ' * (n % 7)}many SIMs {n}" for n in range(70)]
    assert np.allclose(embed(texts)[-1], embed(texts[::-1])[0], atol=1e-4)


def test_kept_vectors_are_read_again(tmp_path: Path) -> None:
    first = embed_kept(["suspend it"], folder=tmp_path / "new")
    (path,) = (tmp_path / "new").iterdir()
    assert path.suffix == ".npy"
    assert np.array_equal(embed_kept(["suspend it"], folder=tmp_path / "new"), first)


def test_a_folder_that_cannot_be_written_to_only_costs_time(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    assert embed_kept(["suspend it"], folder=taken / "below").shape == (1, DIMENSIONS)


def test_plain_english_words_are_known() -> None:
    assert {"suspend", "data", "history"} <= whole_words()
    assert "suspned" not in whole_words()
