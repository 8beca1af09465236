"""Smooth bijections, and what they do to densities."""
