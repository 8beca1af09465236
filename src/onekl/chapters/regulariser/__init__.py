"""The regulariser."""
