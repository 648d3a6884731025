"""What a show is drawn on: windows, off-screen surfaces, and the light that is made again when OpenGL fails."""
