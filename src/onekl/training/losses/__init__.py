"""The losses, one function for each equation; each docstring names the claim that it computes.

In every module any leading axes are allowed (for example seeds, then examples), and one value per
example comes out, in nats: the caller takes the expectation over p̃(x), as a rule with `.mean(-1)`.
"""
