"""One thread that changes things: commands from OSC, keys and presets, applied one after the other."""
