"""From a picture, features and emotion to pixels: the passes and what they are given."""
