"""Adversarial Variational Bayes."""
