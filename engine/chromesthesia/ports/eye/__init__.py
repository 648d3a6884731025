"""What a show sees: a camera, a video file or a picture, painted together with what the generator imagines."""
