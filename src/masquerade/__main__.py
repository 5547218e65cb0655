"""``python -m masquerade``: the command line."""

from masquerade.cli import main

if __name__ == "__main__":
    main()
