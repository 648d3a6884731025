"""`chromesthesia bench`: what a person feels of this machine, measured."""
