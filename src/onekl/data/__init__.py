"""Data sets: embedded, drawn on the spot, or downloaded and checked."""
