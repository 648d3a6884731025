"""The command line. Commands import the engine only when they run, so that help comes at once."""
