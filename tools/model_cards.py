"""Write ``docs/model-cards.md`` from the cards of the package; ``--check`` only compares."""

from __future__ import annotations

import sys

from masquerade.models import ModelCard, bundled_folder, read_card
from tools.pages import ROOT, write_or_check

TARGET = ROOT / "docs" / "model-cards.md"


def card_text(card: ModelCard) -> str:
    """One card as Markdown."""
    rows = [
        ("task", card.task),
        ("version", card.version),
        ("file", f"`{card.file}`, SHA-256 `{card.sha256}`"),
        ("licence", card.licence + ("" if card.commercial_use else ", no commercial use")),
        ("source", card.source),
        ("trained on", card.trained_on),
        *((f"figure: {name}", value) for name, value in card.metrics.items()),
        ("limits", card.limits),
        *((f"input `{t.name}`", f"{' x '.join(map(str, t.shape))}: {t.meaning}") for t in card.inputs),
        *((f"output `{t.name}`", f"{' x '.join(map(str, t.shape))}: {t.meaning}") for t in card.outputs),
    ]
    return f"## {card.name}\n\n| | |\n|---|---|\n" + "".join(f"| {name} | {text} |\n" for name, text in rows)


def all_cards() -> str:
    """All bundled cards as one page."""
    cards = [read_card(path) for path in sorted(bundled_folder().glob("*.json"))]
    head = "# Model cards\n\nWritten from the cards in the package by `python -m tools.model_cards`.\n"
    return "\n".join([head, *(card_text(card) for card in cards)])


def main() -> int:
    """Write or compare; return the exit code."""
    return write_or_check(TARGET, all_cards, __doc__)


if __name__ == "__main__":
    sys.exit(main())
