"""Loaders for published corpora in their own layouts, and the validator (docs/data.md)."""
