"""`python -m chromesthesia` is the command `chromesthesia`."""

import gc

IMPORTING = (50_000, 20, 100)
"""Thresholds of the garbage collector: what is imported stays, and walking through it again and again takes a tenth of
the time to the first picture."""


def main() -> None:
    """Run one command and leave the process."""
    gc.set_threshold(*IMPORTING)
    from chromesthesia.cli.app import main as command

    command()


if __name__ == "__main__":
    main()
