"""Text for terminals: file names may hold anything, so what steers a terminal or is no text is shown escaped."""

from __future__ import annotations

import io
import os
import re
import stat
import sys
from collections.abc import Iterable

# Control characters, line separators, changes of direction, and the bytes of a name that is no UTF-8.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: object) -> str:
    """Give ``str(text)`` with what is not safe to print as backslash escapes."""
    return UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), str(text))


def never_refuse() -> None:
    """Let standard output escape what its encoding cannot say, as standard error does by default."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def leave_terminal() -> None:
    """Print into nothing from now on where the terminal is no more, instead of failing with every line."""
    _print_into_nothing(number for number in (1, 2) if _is_device(number))


def give_up_stdout() -> None:
    """Print into nothing from now on what standard output would take, the part that it has refused among it."""
    _print_into_nothing([1])


def _is_device(number: int) -> bool:
    """Whether it is a terminal, also one that has hung up, of which ``isatty`` knows no more."""
    try:
        return stat.S_ISCHR(os.fstat(number).st_mode)
    except OSError:
        return False


def _print_into_nothing(numbers: Iterable[int]) -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    for number in numbers:
        os.dup2(nothing, number)
    os.close(nothing)
