"""The page of one evaluation: measures, confusion, calibration, the worst mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from masquerade.evaluation.calibration import bin_sums
from masquerade.evaluation.measures import Abstaining, Measures
from masquerade.evaluation.pages.charts import reliability_chart
from masquerade.evaluation.pages.mistakes import Pictures, mistakes_list
from masquerade.evaluation.pages.parts import (
    Head,
    Piece,
    confusion_table,
    document,
    paragraph,
    private,
    share_span,
    share_text,
    table,
)
from masquerade.evaluation.predictions import Predictions
from masquerade.evaluation.words import empty_words, measure_rows

SHOWN = 24


def evaluated_page(
    title: str,
    facts: Sequence[str],
    predictions: Predictions,
    measures: Mapping[str, Measures],
    abstaining: Abstaining | None,
) -> str:
    """Write the page.

    Args:
        title: heading.
        facts: what was evaluated on what; a sentence each.
        predictions: of all faces.
        measures: by the name of a set; the first is of all of them.
        abstaining: what comes of a model that abstains, where it was asked for.

    Returns:
        HTML text that refers to nothing outside itself.
    """
    whole = next(iter(measures.values()))
    lead = "".join(paragraph(fact) for fact in facts) + private("labelled photos")
    parts = ["<h2>Measures</h2>"]
    if empty_words(whole):
        parts.append(paragraph(f"{empty_words(whole).capitalize()}.", "note"))
    parts.append(_measures(measures))
    if abstaining is not None:
        parts.append(paragraph(abstaining_words(abstaining)))
    hits = predictions.predicted == predictions.truth
    parts += [
        '<h2>Confusion and calibration</h2><div class="grid">',
        *(confusion_table(found, name) for name, found in measures.items()),
        reliability_chart("calibration", bin_sums(predictions.confidence, hits).sum(axis=0)),
        "</div><h2>Worst mistakes</h2>",
        mistakes_list(predictions, Pictures(), SHOWN),
    ]
    return document(title, lead, "".join(parts))


def _measures(measures: Mapping[str, Measures]) -> str:
    columns = {name: measure_rows(found) for name, found in measures.items()}
    heads = [Head(name, (f"{found.faces} faces in {found.groups} groups",)) for name, found in measures.items()]
    first = next(iter(columns.values()))
    rows = [
        (name, [Piece(column[number][1], column[number][2]) for column in columns.values()])
        for number, (name, _, _) in enumerate(first)
    ]
    return table("Measures", "measure", heads, rows, "Small numbers are 95 % intervals, by bootstrap over groups.")


def abstaining_words(found: Abstaining) -> str:
    """Say in a sentence what comes of abstaining."""
    parts = [
        f"{name} {share_text(value.value)}" + (f" ({share_span(value)})" if share_span(value) else "")
        for name, value in (("accuracy", found.accuracy), ("alert recall", found.alert_recall))
    ]
    share = share_text(found.abstained)
    rest = ", ".join(parts)
    return f"Below a confidence of {found.confidence:g} it abstains on {share} of the faces; on the rest: {rest}."
