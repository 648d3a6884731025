"""A quick painter: a student of a pack's generator that paints in a third of the time on a processor."""
