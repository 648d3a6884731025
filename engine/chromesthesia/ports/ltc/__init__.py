"""Linear timecode as a port: one channel of a sound input that is read beside what the room hears."""
