"""What drives the instrument: which features of sound and picture carry the shared space, and how they go together."""
