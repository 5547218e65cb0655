"""Measures in words: rows of a name, a number and its interval, for terminals and pages."""

from __future__ import annotations

from masquerade.evaluation.measures import Measures
from masquerade.evaluation.pages.parts import number_span, number_text, share_span, share_text

SHARES = {
    "accuracy": "accuracy",
    "effective_words_share": "effective correct, by report 1's words",
    "effective_code_share": "effective correct, by its code",
    "alert_recall": "alert recall",
    "alert_precision": "alert precision",
}
Row = tuple[str, str, str]


def measure_rows(measures: Measures) -> list[Row]:
    """Give name, number and 95 % interval of each measure; a dash where there is nothing to count."""
    values = measures.values
    three = len(measures.labels) == 3
    rows: list[Row] = [
        ("mean loss an image", number_text(values["loss"].value, 4), number_span(values["loss"], 4)),
        ("loss, report 1's way", number_text(values["report_loss"].value, 4), ""),
        ("correct", f"{values['correct'].value:g} of {measures.faces}", ""),
    ]
    for name, words in SHARES.items():
        if three or not name.startswith("effective"):
            rows.append((words, share_text(values[name].value), share_span(values[name])))
    for label in measures.labels:
        for kind in ("recall", "precision"):
            value = values[f"{kind}_{label}"]
            rows.append((f"{kind} of {label}", share_text(value.value), share_span(value)))
    for name, words in (("macro_f1", "macro-F1"), ("calibration_error", "expected calibration error")):
        rows.append((words, number_text(values[name].value, 3), number_span(values[name], 3)))
    return rows


def empty_words(measures: Measures) -> str:
    """Say which labels no face has; nothing when each has one."""
    if not measures.empty:
        return ""
    return f"no face is labelled {' or '.join(measures.empty)}: what needs one has no number, macro-F1 leaves it out"
