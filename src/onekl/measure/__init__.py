"""Measures: intervals over seeds, likelihoods, coverage, two-sample tests."""
