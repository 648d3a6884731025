"""Networks that others trained, read from their published files, and what stands in where there are none."""
