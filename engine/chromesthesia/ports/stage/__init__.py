"""The outputs of a show beside its own surface: windows on displays, and other programs."""
