"""The plotting style, and what all moving figures share."""
