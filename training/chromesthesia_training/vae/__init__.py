"""TokenFusionVAE: one variational autoencoder over tokens of pictures and of sounds, in six versions."""
