"""The best density, function or number."""
