"""The beat clock: tempo and place in the bar from taps, clocks that come in and timecode. No threads, no devices."""
