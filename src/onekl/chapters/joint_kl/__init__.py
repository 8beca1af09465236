"""The joint-KL upper bound."""
