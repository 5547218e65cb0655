"""The command line. Heavy imports stand inside the commands, so that ``--help`` answers at once."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; errors of the package end in one line on standard error and exit code 2."""
    from masquerade.cli.printing import never_refuse, shown
    from masquerade.errors import MasqueradeError

    never_refuse()
    try:
        from masquerade.cli.app import app

        app(prog_name="masquerade")
    except MasqueradeError as error:
        sys.stderr.write(f"masquerade: {shown(error)} [{error.code}]\n")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
