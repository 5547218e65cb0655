"""Write ``docs/openapi.json`` from the service's routes; ``--check`` only compares."""

from __future__ import annotations

import json
import sys

from tools.pages import ROOT, write_or_check

TARGET = ROOT / "docs" / "openapi.json"


def openapi_text() -> str:
    """The description of the API as JSON."""
    from masquerade.service import ServiceConfig, create_app

    return json.dumps(create_app(ServiceConfig()).openapi(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or compare; return the exit code."""
    return write_or_check(TARGET, openapi_text, __doc__)


if __name__ == "__main__":
    sys.exit(main())
