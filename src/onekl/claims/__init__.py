"""Claims of the sources: the objects, their check, and what training showed.

No chapter is known here.
"""
