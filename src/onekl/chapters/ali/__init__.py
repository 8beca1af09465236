"""ALI / BiGAN."""
