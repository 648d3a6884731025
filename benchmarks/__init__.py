"""Benchmarks: each measures ours and a peer or a floor in the same run. `python -m benchmarks --help`."""
