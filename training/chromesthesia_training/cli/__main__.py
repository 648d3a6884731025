"""`python -m chromesthesia_training.cli`, as torchrun starts it."""

from chromesthesia_training.cli.app import main

if __name__ == "__main__":
    main()
