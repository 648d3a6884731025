"""What can be told of what is heard: each signal declared once, read by routes, partners, displays and the docs."""
