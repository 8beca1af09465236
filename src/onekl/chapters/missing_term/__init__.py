"""The missing term."""
