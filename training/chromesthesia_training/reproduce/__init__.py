"""One command from data to report: stages, what each needs, what is done already, and going on after an interruption."""
