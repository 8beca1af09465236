"""Vectors of d coordinates, d a letter."""
