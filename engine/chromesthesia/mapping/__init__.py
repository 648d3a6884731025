"""From what is heard to what moves: signals, routes and the live values of each frame."""
