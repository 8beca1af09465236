"""The losses, one function for each equation."""
