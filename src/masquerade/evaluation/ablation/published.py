"""What report 2 published, which is a claim and no evidence.

Tan Mei Yih, "Facial recognition with medical masks for identity verification", Universiti Malaya: accuracy by nearest
neighbour of masked faces, ArcFace, on 36 people of VGGFace2 and on LFW. Its code is a copy of
broutonlab/face-id-with-medical-masks, whose README of May 2020 claims the same 58 %; in the committed notebook the
outputs of all three networks are identical, two of them are never imported, and after 29 epochs the network stands
where it began.
"""

from __future__ import annotations

SETS = ("VGGFace2", "LFW")
CLAIMED: dict[str, tuple[float, float]] = {
    "resnet18": (0.58, 0.5938),
    "resnet50": (0.58, 0.5401),
    "resnet101": (0.572, 0.5653),
}
"""By backbone: accuracy on each of ``SETS``."""
NOTE = (
    "The numbers of report 2 are claims, no evidence: the README that came with the code it copied names the same "
    "58 %, its committed notebook gives identical outputs for all three networks, of which it imports one, and ends "
    "where it began, at 18.5 %. It calls them verification accuracy, (TP + TN) / all, but its code measures this. Its "
    "people of VGGFace2 are not here, and had some 320 photos each, near-duplicates among them. Compare the measure, "
    "not the values."
)


def claimed(backbone: str) -> tuple[float, float] | None:
    """Give the report's accuracies of a backbone; None where it has none."""
    return CLAIMED.get(backbone.removeprefix("report2-"))
