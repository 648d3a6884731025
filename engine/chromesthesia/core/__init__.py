"""The ground: records and protocols between the stages, clocks, slots, logs, errors, a user's files."""
