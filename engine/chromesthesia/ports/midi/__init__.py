"""MIDI as a port: controllers, programs, clock and timecode in, clock out."""
