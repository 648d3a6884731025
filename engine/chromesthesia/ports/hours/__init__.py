"""What the clock and the silence of a room do to a show that is left alone."""
