"""Claims of the sources: the objects, their check, and what training showed; no chapter is known here."""
