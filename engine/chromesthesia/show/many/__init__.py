"""One ear, many lights: the ear's desk, and the lights that paint its score as it arrives."""
