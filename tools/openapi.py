"""Write ``docs/openapi.json`` from the service's routes; ``--check`` only compares."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"


def openapi_text() -> str:
    """The description of the API as JSON."""
    from masquerade.service import ServiceConfig, create_app

    return json.dumps(create_app(ServiceConfig()).openapi(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        same = TARGET.exists() and TARGET.read_text(encoding="utf-8") == openapi_text()
        sys.stdout.write("docs/openapi.json is up to date\n" if same else "docs/openapi.json is out of date\n")
        return 0 if same else 1
    TARGET.write_text(openapi_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
