"""Identification in a closed set: who is looked for is in the gallery, on another photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from masquerade.datasets.identities import IdentitySet, pairs_of
from masquerade.evaluation.recognition.enrolment import UNDRAWN, Enrolment
from masquerade.evaluation.recognition.identification import identify
from tests.identity.made import made_templates


def test_who_is_not_in_the_gallery_for_want_of_a_mask_is_not_looked_for() -> None:
    photos = tuple(Path(f"/set/{name}/{number}.jpg") for name in ("a", "b") for number in (1, 2))
    pairs = pairs_of(IdentitySet("set", Path("/set"), ("a", "b"), photos, np.array([0, 0, 1, 1])))
    rows = np.arange(4)
    # each person's two photos are alike; no mask could be drawn on the first photo of a
    templates = made_templates(2)[[0, 0, 1, 1]]
    drawn = np.array([UNDRAWN, UNDRAWN, 2, 3])
    enrolment = Enrolment(templates, rows, drawn, np.full(4, "cloth"), (), (), ())
    found = identify(pairs, enrolment, "gallery", rounds=0)
    assert {one.rank1.value for one in found} == {1.0}
    assert {one.name.split(",")[0]: (one.gallery, one.probes) for one in found} == {
        "one photo each": (1, 1),
        "nearest neighbour": (2, 2),
    }
