"""The night as a score: what a show's frames were made of, kept so that any minute can be painted again."""
