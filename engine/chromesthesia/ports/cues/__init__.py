"""A cue list: looks in an order, that come when they are asked for, by themselves, or at a time."""
