"""What people say: a page that asks whether sound and picture fit, and how far those who answered agree."""
