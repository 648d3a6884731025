"""OSC over UDP: the engine's parameters as addresses, its readings as messages."""
