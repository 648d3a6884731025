"""A soak: a whole show, as users run it, while everything around it and in it breaks on a seeded plan."""
