"""Scores of pairs of faces: higher is more alike.

Like with like: two bare faces are compared as they are; as soon as one of the two is masked, the other one is taken
twice, as it is and with masks drawn on it, and the score is the mean of both. On rendered masks on CelebA either alone
told fewer people apart (docs/decisions/0008).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import TemplatesInvalid
from masquerade.identity.templates import Templates, same_model

Floats = NDArray[np.float32]


def compare(a: Templates, b: Templates) -> Floats:
    """Compare row with row.

    Args:
        a: n faces.
        b: n others.

    Returns:
        (n,) float32 scores, cosines in -1 to 1.

    Raises:
        TemplateOfAnotherModel: they were made by different models.
        TemplatesInvalid: there are not as many of both.
    """
    same_model(a, b)
    if len(a) != len(b):
        raise TemplatesInvalid(f"compare: expected as many of both, got {len(a)} and {len(b)}")
    return _either(
        either_masked(a, b),
        np.einsum("nd,nd->n", a.template, b.template),
        np.einsum("nd,nd->n", a.template_masked, b.template_masked),
    )


def compare_all(a: Templates, b: Templates) -> Floats:
    """Compare each of n faces with each of m others: (n, m) float32 scores.

    Raises:
        TemplateOfAnotherModel: they were made by different models.
    """
    same_model(a, b)
    return _either(
        a.masked[:, None] | b.masked[None],
        a.template @ b.template.T,
        a.template_masked @ b.template_masked.T,
    )


def either_masked(a: Templates, b: Templates) -> NDArray[np.bool_]:
    """Row by row, whether one of the two is masked: (n,)."""
    return np.asarray(a.masked | b.masked, np.bool_)


def _either(masked: NDArray[np.bool_], bare_score: Floats, masked_score: Floats) -> Floats:
    """The score of each pair: as soon as one face is masked, the mean with that of the templates with masks."""
    return np.asarray(np.clip(np.where(masked, (bare_score + masked_score) / 2, bare_score), -1, 1), np.float32)
