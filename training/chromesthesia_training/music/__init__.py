"""Valence, arousal and felt emotions of music: hand-made features, networks on spectra, pretrained embeddings."""
