"""What the web panel is served beside the OSCQuery tree: its files, the picture, presets and routes, the log."""
