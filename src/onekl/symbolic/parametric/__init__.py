"""Unknown densities with a parameter: gradients, and small steps."""
