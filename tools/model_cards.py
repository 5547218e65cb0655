"""Write ``docs/model-cards.md`` from the cards of the package; ``--check`` only compares."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from masquerade.models import ModelCard, bundled_folder, read_card

TARGET = Path(__file__).resolve().parents[1] / "docs" / "model-cards.md"


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        same = TARGET.exists() and TARGET.read_text(encoding="utf-8") == all_cards()
        sys.stdout.write("docs/model-cards.md is up to date\n" if same else "docs/model-cards.md is out of date\n")
        return 0 if same else 1
    TARGET.write_text(all_cards(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
