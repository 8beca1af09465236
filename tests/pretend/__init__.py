"""A pretend accelerator: what would go wrong on a GPU goes wrong on a machine that has none."""
