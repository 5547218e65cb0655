"""SFace, made from its wheel, tells the people of the samples apart, masked or not."""

from __future__ import annotations

import numpy as np
import pytest

from masquerade.faces import find_faces
from masquerade.identity import Embedder, Templates, compare_all, get_embedder
from masquerade.recognising import read_templates
from tests.faces.photos import NAMES, found, photo
from tests.recognising.made import masked_photo

pytestmark = pytest.mark.tools

PEOPLE = [name.rpartition("_")[0] if name.startswith("person") else name for name in NAMES]


@pytest.fixture(scope="module")
def sface(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    pytest.importorskip("onnx")
    from tools.weights.sface import build

    return get_embedder(str(build(tmp_path_factory.mktemp("sface"))))


def enrolled(sface: Embedder, masked: bool) -> Templates:
    """All samples, with a mask of one kind each, found again, or bare."""
    parts = []
    for number, name in enumerate(NAMES):
        kind = ("surgical", "kn95", "cloth")[number % 3]
        image = masked_photo(name, kind, "#e8e8e8") if masked else photo(name)
        faces = find_faces(image)[:1] if masked else found(name)
        parts.append(read_templates(image, faces, embedder=sface, photo=name))
    return Templates.joined(parts)


CELLS = [(False, False), (False, True), (True, True)]


@pytest.mark.parametrize(("probe", "gallery"), CELLS)
def test_people_are_told_apart(sface: Embedder, probe: bool, gallery: bool) -> None:
    probes, others = enrolled(sface, probe), enrolled(sface, gallery)
    assert probes.masked.tolist() == [probe] * 6
    scores = compare_all(probes, others)
    same = np.array([[a == b for b in PEOPLE] for a in PEOPLE]) & ~np.eye(6, dtype=bool)
    strangers = np.array([[a != b for b in PEOPLE] for a in PEOPLE])
    assert scores[same].min() > scores[strangers].max() + 0.05


def test_like_with_like_is_closer_than_bare_with_masked(sface: Embedder) -> None:
    bare, masked = enrolled(sface, False), enrolled(sface, True)
    like = np.einsum("nd,nd->n", bare.template_masked, masked.template)
    unlike = np.einsum("nd,nd->n", bare.template, masked.template)
    assert (like > unlike).mean() > 0.8
    assert like.mean() > unlike.mean() + 0.03
