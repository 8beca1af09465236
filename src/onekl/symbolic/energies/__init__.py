"""Densities by their energies, and the log of an integral."""
