"""Names of classes as data sets write them, and the label that each stands for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from masquerade.datasets.types import LABELS
from masquerade.errors import LabelInvalid

_WITH = """
    with_mask face_with_mask mask masked masked_face face_mask mask_on mask_correct with_correct_mask correct_mask
    mask_worn_correctly mask_worn_properly correctly_masked correctly_worn_mask wearing_mask mask_weared CMFD
"""
_WITHOUT = """
    without_mask face_no_mask face_without_mask no_mask no_face_mask without_face_mask non_mask not_masked unmasked
    unmasked_face mask_off bare_face no_mask_worn not_wearing_mask
"""
_INCORRECT = """
    incorrect with_incorrect_mask mask_weared_incorrect face_with_mask_incorrect mask_incorrect incorrect_mask
    mask_worn_incorrectly mask_worn_incorrect mask_worn_improperly mask_worn_wrongly incorrectly_masked
    incorrectly_worn_mask improper_mask wearing_mask_incorrectly bad_mask wrong_mask partially_masked IMFD
    Mask_Nose_Mouth Mask_Mouth_Chin Mask_Chin
"""
_KINDS = {
    "surgical": "surgical surgical_mask medical_mask with_surgical_mask surgical_face_mask",
    "respirator": "respirator n95 n_95_mask kn95 kn95_mask ffp2 ffp2_mask ffp3 ffp3_mask with_n95_mask respirator_mask",
    "cloth": "cloth cloth_mask fabric_mask with_cloth_mask cloth_face_mask",
    "gas": "gas gas_mask",
}
_OTHER_THINGS = """
    face_other_covering mask_colorful mask_surgical gas_mask face_shield hat helmet hood turban hair_net hijab_niqab
    scarf_bandana balaclava_ski_mask eyeglasses sunglasses goggles other
"""
"""What Wobot's set labels besides faces, parts and clothes: known, and of no use for wearing."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name of a class stands for.

    Attributes:
        label: word of ``LABELS``, or "" for what is left out on purpose.
        kind: word of ``KINDS`` where the name tells it.
    """

    label: str
    kind: str | None = None


def plain(name: str) -> str:
    """Give the letters and digits of a name alone, in lower case."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _table() -> dict[str, Meaning]:
    table: dict[str, Meaning] = {}
    for label, names in zip(LABELS, (_WITH, _WITHOUT, _INCORRECT), strict=True):
        table |= {plain(name): Meaning(label) for name in names.split()}
    for kind, names in _KINDS.items():
        table |= {plain(name): Meaning("with_mask", kind) for name in names.split()}
    return table


KNOWN = _table()
OTHER_THINGS = {plain(name): Meaning("") for name in _OTHER_THINGS.split()}


def kind_of(name: str) -> str | None:
    """The kind of mask that a known name of a class tells, else None."""
    meaning = KNOWN.get(plain(name))
    return None if meaning is None else meaning.kind


class Names:
    """The names that are known while one set is read: those asked for first, then the table."""

    def __init__(self, classes: Mapping[str, str] | None = None) -> None:
        """Take names to words of ``LABELS``, "" for those to leave out.

        Raises:
            LabelInvalid: a name is to stand for something else.
        """
        self._asked = {}
        for name, label in (classes or {}).items():
            if label and label not in LABELS:
                raise LabelInvalid(f"class {name!r} is to be {label!r}; expected {', '.join(LABELS)} or nothing")
            kind = KNOWN[plain(name)].kind if plain(name) in KNOWN and label else None
            self._asked[plain(name)] = Meaning(label, kind)

    def leave_masks_out(self, names: Collection[str]) -> str | None:
        """Take ``mask`` for the mask itself, not for a face, when another class of the set is called with_mask.

        Returns:
            The name that is left out from now on; None when there is no such pair or it was asked for.
        """
        masks = [name for name in names if plain(name) == "mask" and plain(name) not in self._asked]
        others = [self.meaning(name) for name in names if plain(name) != "mask"]
        if not masks or Meaning("with_mask") not in others:
            return None
        self._asked[plain("mask")] = Meaning("")
        return masks[0]

    def meaning(self, name: str, things: bool = True) -> Meaning | None:
        """Tell what a name stands for; None when it is not known.

        Args:
            name: case and punctuation do not matter.
            things: whether the set labels things besides faces, so that names of clothes are known.
        """
        key = plain(name)
        if key in self._asked:
            return self._asked[key]
        if things and key in OTHER_THINGS:
            return OTHER_THINGS[key]
        return KNOWN.get(key)
