"""The claims of the chapter on AAE."""

from onekl.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
