"""GAN and the optimal discriminator."""
