"""What leaves the engine as files: films with sound, stills, contact sheets, reports."""
