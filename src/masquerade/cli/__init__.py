"""The command line. Heavy imports stand inside the commands, so that ``--help`` answers at once."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; errors of the package end in one line on standard error and exit code 2."""
    from masquerade.cli.app import app
    from masquerade.errors import MasqueradeError

    try:
        app()
    except MasqueradeError as error:
        sys.stderr.write(f"masquerade: {error} [{error.code}]\n")
        raise SystemExit(2) from None
    except BrokenPipeError:  # the reader of our output, such as head, has left
        sys.stderr.close()
        raise SystemExit(0) from None
    except KeyboardInterrupt:
        sys.stderr.write("masquerade: stopped\n")
        raise SystemExit(130) from None
