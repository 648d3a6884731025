"""A pack's models at work: ONNX Runtime sessions, the encoder, the generator, trials and checks."""
