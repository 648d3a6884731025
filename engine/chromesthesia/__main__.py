"""`python -m chromesthesia` is the command `chromesthesia`."""

from chromesthesia.cli.app import main

main()
