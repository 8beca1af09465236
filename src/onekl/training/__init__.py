"""Losses, networks, random streams, runs and their records; torch, and never SymPy."""
