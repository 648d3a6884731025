"""From samples to what is heard: mel, loudness, bands, centroid, onset, every 10 ms."""
