"""Photos of known people: a folder an identity, and the pairs of a verification protocol."""

from masquerade.datasets.identities.folders import read_identities
from masquerade.datasets.identities.lfw import read_lfw
from masquerade.datasets.identities.mfr2 import read_mfr2
from masquerade.datasets.identities.pairing import gallery_of, limit, pairs_of
from masquerade.datasets.identities.pairs import read_pairs
from masquerade.datasets.identities.sharing import shared_identities
from masquerade.datasets.identities.types import BARE, IdentitySet, PairList

__all__ = [
    "BARE",
    "IdentitySet",
    "PairList",
    "gallery_of",
    "limit",
    "pairs_of",
    "read_identities",
    "read_lfw",
    "read_mfr2",
    "read_pairs",
    "shared_identities",
]
