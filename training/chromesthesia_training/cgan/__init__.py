"""The reference's conditional GAN, rebuilt: the yardstick that the fast generator is held against."""
