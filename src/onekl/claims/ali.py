"""The claims of the chapter on ALI."""

from onekl.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
