"""Verdicts in words, for terminals and pictures."""

from __future__ import annotations

from masquerade.recognising.verifying import FaceSide, Verdict

KINDS = {"surgical": "surgical", "respirator": "respirator", "cloth": "cloth", "gas": "gas"}


def answer(verdict: Verdict) -> str:
    """The answer itself."""
    if verdict.same is None:
        return "could not tell"
    return "same person" if verdict.same else "not the same person"


def about_side(side: FaceSide) -> str:
    """What is on a face, and whether masks were drawn on it."""
    if side.masked is None:
        return "no usable face"
    if not side.masked:
        return "bare; masks were drawn on it to compare like with like" if side.drawn else "bare"
    if side.kind is None:
        return "mouth covered"
    return f"wears a mask ({KINDS[side.kind]})" if side.kind in KINDS else "mouth covered by something else"


def about_score(verdict: Verdict) -> str:
    """Score and threshold."""
    if verdict.score is None or verdict.threshold is None:
        return "no score"
    reaches = "reaches" if verdict.same else "is below"
    return f"score {verdict.score:.3f} {reaches} the threshold of {verdict.threshold:.3f}"


def about_rate(verdict: Verdict) -> str:
    """What the threshold stands for."""
    return f"FMR {verdict.fmr:g}: 1 in {1 / verdict.fmr:,.0f} pairs of strangers reaches that threshold"
