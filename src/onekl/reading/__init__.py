"""The printed sources, read: their LaTeX into nodes, and these into objects of the algebra.

No chapter and no prover is known here.
"""
