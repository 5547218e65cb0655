"""Text for terminals: file names may hold anything, so what steers a terminal or is no text is shown escaped."""

from __future__ import annotations

import io
import re
import sys

# Control characters, line separators, changes of direction, and the bytes of a name that is no UTF-8.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: object) -> str:
    """Give ``str(text)`` with what is not safe to print as backslash escapes."""
    return UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), str(text))


def never_refuse() -> None:
    """Let standard output escape what its encoding cannot say, as standard error does by default."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
