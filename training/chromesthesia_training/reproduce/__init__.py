"""One command from data to report: stages, what each needs, and going on after an interruption."""
