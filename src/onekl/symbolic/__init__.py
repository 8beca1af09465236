"""The algebra, the provers, and the numbers that cross-examine them; SymPy, and never torch."""
