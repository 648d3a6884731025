"""Sounds and pictures as the rest takes them: tables, clips, paintings, splits, spectra, caches."""
