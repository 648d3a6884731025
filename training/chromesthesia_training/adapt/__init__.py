"""A finished pack's painter, tuned to an artist's own few pictures on a CPU."""
