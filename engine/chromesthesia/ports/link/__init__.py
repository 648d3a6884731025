"""Ableton Link as a port: the tempo and beat of the other programs in the network."""
