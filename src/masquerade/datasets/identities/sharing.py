"""Identities that two sets share, told by their names."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from masquerade.datasets.names import plain


def shared_identities(a: Iterable[str], b: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Find the names of identities that are in both sets: a model trained on the one must not be tested on the other.

    Names are one when their letters and digits are, whatever their case, accents, blanks and underscores. A name of
    digits alone, as CelebA's, is a number of its set: two sets that do not come from one source share it by accident.

    Args:
        a: names of the one set.
        b: names of the other.

    Returns:
        Pairs of the names as the sets write them, sorted.
    """
    known = _by_key(a)
    return tuple(sorted((mine, other) for key, others in _by_key(b).items() for other in others for mine in known[key]))


def _by_key(names: Iterable[str]) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        found[identity_key(name)].append(name)
    return found


def identity_key(name: str) -> str:
    """Give what two names of one person have in common."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return plain(bare) or name
