"""The claims of the chapter on EM."""

from onekl.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
