"""Derivations line by line, with the named rules that lead from each line to the next."""
