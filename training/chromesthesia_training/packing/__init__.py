"""From two runs to a model pack: manifest, card, int8, TensorRT."""
