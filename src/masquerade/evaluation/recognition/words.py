"""An evaluation of recognition in words: sentences, and rows of tables for terminals and pages."""

from __future__ import annotations

from collections.abc import Sequence

from masquerade.evaluation.measures import Measure
from masquerade.evaluation.pages.parts import NONE, share_span, share_text
from masquerade.evaluation.recognition.evaluating import Evaluation, failure_counts
from masquerade.evaluation.recognition.measures import Cell, Verification
from masquerade.identity import Failed

PLACES = 2
Row = tuple[str, str, str]
"""Name, number and interval."""


def facts(found: Evaluation) -> list[str]:
    """Say what was evaluated on what, a sentence each."""
    pairs, asked = found.pairs, found.asked
    drawing = asked.reader.drawing
    told = [
        f"{found.model} on {pairs.name} ({pairs.root}): {len(pairs):,} pairs of {len(pairs.photos):,} photos, the "
        f"{asked.reader.faces} face of each. A face is masked by {found.masked_by}."
    ]
    if asked.mask != "none":
        on = {"probe": "the second photo", "gallery": "the first photo", "both": "both photos"}[asked.mask]
        told.append(
            f"Masks are drawn on {on} of a pair ({', '.join(drawing.kinds)}; seed {drawing.seed}), and faces are "
            f"looked for again; the wearing model sees {found.seen_masked[0]:,} of {found.seen_masked[1]:,} as such."
        )
    told += pairs.notes
    if found.untraced:
        told.append(
            f"{found.untraced:,} templates are of a file of masquerade embed, which does not tell whether the photos, "
            "the wearing model and the settings are still the same."
        )
    told += [text for text in (_failures("gave no template", found.failed),) if text]
    told += [text for text in (_failures("gave none with a mask drawn on", found.drawn_failed),) if text]
    if found.not_drawn:
        left = ", ".join(f"{count:,} pairs {name}" for name, count in found.pairs_not_drawn.items())
        told.append(f"No mask could be drawn on {len(found.not_drawn):,} photos: {left} are left out.")
    if found.pairs_masked:
        left = ", ".join(f"{count:,} of {name}" for name, count in found.pairs_masked.items())
        told.append(
            f"Pairs with a face that was to be bare and wears a mask already are in no group: {left}. The cells at one "
            "threshold count them."
        )
    if not found.everything.told.all():
        told.append(
            "Nothing tells whether a photo without a label that gave no template shows a mask: its trials count in "
            "each of the cells that they may be of."
        )
    if any(found.groups[name].failed.any() for name in found.groups):
        told.append(
            "A trial of which a photo failed is wrong in every accuracy and a false non-match where it is genuine; "
            "it is no impostor trial of a false match rate."
        )
    return told


def _failures(what: str, failed: Sequence[Failed]) -> str:
    if not failed:
        return ""
    counts = ", ".join(f"{count:,} {code}" for code, count in failure_counts(tuple(failed)).items())
    return f"{len(failed):,} photos {what}: {counts}."


def verification_rows(found: Verification) -> list[Row]:
    """Give name, number and 95 % interval of each measure of a group; a dash where there is none."""
    rows: list[Row] = [
        ("genuine trials", f"{found.genuine:,}", _failed(found.failed_genuine)),
        ("impostor trials", f"{found.impostor:,}", _failed(found.failed_impostor)),
    ]
    if found.accuracy is None or found.folds is None:
        rows.append(("accuracy by folds", NONE, ""))
    else:
        error = share_text(found.folds.standard_error, PLACES)
        made = ", folds made" if found.folds.made else ""
        rows.append(
            (
                "accuracy by folds",
                f"{share_text(found.accuracy.value, PLACES)} ± {error}",
                f"{share_span(found.accuracy, PLACES)}; {len(found.folds.accuracies)} folds{made}",
            )
        )
    if found.eer is None:
        below = min(1.0, found.eer_below or 0.0)
        rows.append(
            ("equal error rate", f"< {share_text(below, PLACES)}", f"3 / {found.impostor - found.failed_impostor:,}")
        )
    else:
        rows.append(("equal error rate", share_text(found.eer.value, PLACES), share_span(found.eer, PLACES)))
    for rate in found.rates:
        name = f"TAR at FAR {rate.fmr:g}"
        if rate.tar is None:
            rows.append((name, NONE, "too few trials" if rate.reason else ""))
        else:
            rows.append((name, share_text(rate.tar.value, PLACES), share_span(rate.tar, PLACES)))
    return rows


def _failed(count: int) -> str:
    return f"{count:,} failed" if count else ""


def cell_rows(cells: Sequence[Cell]) -> list[tuple[str, list[Row]]]:
    """Give for each cell, then each kind of mask in it: its name, and FNMR, FMR and report 2's formula."""
    rows = []
    for cell in cells:
        name = f"{cell.cell}: {cell.kind}" if cell.kind else cell.cell
        rows.append(
            (
                name,
                [
                    ("FNMR", *_share(cell.fnmr, cell.genuine)),
                    (
                        "FMR",
                        f"< {cell.fmr_below:.2g}" if cell.fmr_below is not None else _rate(cell.fmr),
                        f"{cell.impostor:,} trials" + ("" if cell.fmr is None else f"; {_rate_span(cell.fmr)}"),
                    ),
                    ("(TP + TN) / all", share_text(cell.right, PLACES), ""),
                ],
            )
        )
    return rows


def _share(found: Measure | None, trials: int) -> tuple[str, str]:
    if found is None:
        return NONE, "no trials"
    return share_text(found.value, PLACES), f"{trials:,} trials; {share_span(found, PLACES)}"


def _rate(found: Measure | None) -> str:
    return NONE if found is None else f"{found.value:.2g}"


def _rate_span(found: Measure) -> str:
    return f"{found.low:.2g} to {found.high:.2g}"


def verdict_rows(found: Evaluation) -> list[tuple[str, list[Row]]]:
    """Give for each group and false match rate what ``verify`` would have got wrong, as ``cell_rows`` does."""
    rows = []
    for one in found.verdicts:
        fmr = f"< {one.fmr_below:.2g}" if one.fmr_below is not None else NONE if one.fmr is None else f"{one.fmr:.2g}"
        columns: list[Row] = [
            ("FNMR", NONE if one.fnmr is None else share_text(one.fnmr, PLACES), ""),
            ("FMR", fmr, ""),
            ("(TP + TN) / all", share_text(one.right, PLACES), ""),
        ]
        rows.append((f"{one.group}, --fmr {one.asked:g}", columns))
    return rows


def rank1_rows(found: Evaluation) -> list[Row]:
    """Give name, share and interval of each identification."""
    return [
        (
            one.name,
            share_text(one.rank1.value, PLACES),
            f"{share_span(one.rank1, PLACES)}; {one.probes:,} probes, {one.failed:,} failed, "
            f"{one.gallery:,} in the gallery",
        )
        for one in found.rank1
    ]
