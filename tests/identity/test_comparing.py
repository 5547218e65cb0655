"""Scores, against the rule written out pair by pair."""

from __future__ import annotations

import numpy as np
import pytest

from masquerade.errors import TemplateOfAnotherModel, TemplatesInvalid
from masquerade.identity import Templates, compare, compare_all, either_masked
from tests.identity.made import DIMENSIONS, made_templates


def score(a: Templates, i: int, b: Templates, j: int) -> float:
    """Like with like: bare faces as they are, else also both under masks."""
    scores = [sum(x * y for x, y in zip(a.template[i], b.template[j], strict=True))]
    if a.masked[i] or b.masked[j]:
        scores.append(sum(x * y for x, y in zip(a.template_masked[i], b.template_masked[j], strict=True)))
    return float(sum(scores) / len(scores))


A, B = made_templates(6, seed=1), made_templates(9, seed=5)


def test_every_pair_by_the_rule() -> None:
    assert {bool(value) for value in A.masked} == {bool(value) for value in B.masked} == {True, False}
    wanted = [[score(A, i, B, j) for j in range(9)] for i in range(6)]
    scores = compare_all(A, B)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, wanted, atol=1e-6)
    np.testing.assert_allclose(compare(A, B[:6]), np.diag(wanted), atol=1e-6)
    np.testing.assert_allclose(compare_all(B, A), scores.T, atol=1e-6)


def test_a_face_is_itself() -> None:
    scores = compare(A, A)
    np.testing.assert_allclose(scores, 1, atol=1e-6)
    assert (scores <= 1).all()


def test_of_none() -> None:
    none = Templates.empty(A.model, DIMENSIONS)
    assert compare(none, none).shape == (0,)
    assert compare_all(none, A).shape == (0, 6)


def test_either_masked() -> None:
    np.testing.assert_array_equal(either_masked(A, B[:6]), [bool(x or y) for x, y in zip(A.masked, B.masked)])  # noqa: B905


@pytest.mark.parametrize("how", [compare, compare_all])
def test_another_models_templates(how) -> None:  # type: ignore[no-untyped-def]
    other = made_templates(6, model="other@0123456789ab")
    with pytest.raises(TemplateOfAnotherModel, match="make both with the same model") as caught:
        how(A, other)
    assert caught.value.code == "template_of_another_model"


def test_as_many_of_both() -> None:
    with pytest.raises(TemplatesInvalid, match="got 6 and 9"):
        compare(A, B)
