"""The examiner: values of both sides of a line on many random instances at once, no prover."""
