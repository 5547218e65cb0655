"""The command line. Heavy imports stand inside the commands, so that ``--help`` answers at once."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; errors of the package end in one line on standard error and exit code 2."""
    from masquerade.cli.printing import never_refuse, shown
    from masquerade.errors import MasqueradeError

    never_refuse()
    # numpy's own linear algebra is small here; left alone it opens a thread a core while it is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from masquerade.cli.app import app

        app(prog_name="masquerade")
    except MasqueradeError as error:
        sys.stderr.write(f"masquerade: {shown(error)} [{error.code}]\n")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
