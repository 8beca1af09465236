"""The Sphinx extension of the bug museum: `specimen` prints a box, from the check notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from onekl.chapters.museum.claims import SPECIMENS
from onekl.chapters.museum.specimen import MIME, Specimen
from onekl.ledger import outputs
from onekl_site.anchors import anchor_headings
from onekl_site.elements import box, equation, formulas, head, link, sentences
from onekl_site.evidence import mutants, together
from onekl_site.proofs import proof

NOTEBOOK = "notebooks/museum-check"


def specimen(id: str) -> Specimen:
    """The specimen; ValueError for an id that the museum does not have."""
    found = {one.id: one for one in SPECIMENS}
    if id not in found:
        raise ValueError(f"there is no specimen {id!r}; the museum has {', '.join(found)}")
    return found[id]


def examination(id: str, folder: Path) -> dict[str, Any]:
    """What the check notebook in the folder shows of a specimen.

    Raises ValueError if it shows nothing, or an older wording.
    """
    path = folder / f"{NOTEBOOK}.ipynb"
    shown = {one["id"]: one for one in outputs(path, MIME)}
    if id not in shown:
        raise ValueError(f"{path.name} does not examine {id}: add the cell and run the notebook")
    if shown[id]["fingerprint"] != specimen(id).fingerprint():
        raise ValueError(
            f"the examination of {id} in {path.name} is of another wording: run the notebook again"
        )
    return shown[id]


class SpecimenDirective(SphinxDirective):
    """`{specimen} bug-1`: what is said, why not, what is true, where seen, and how to catch it.

    The proof of what is true stands at the end.
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The box; an error for an unknown id and for one that is not examined as it stands."""
        root = Path(self.env.srcdir)
        self.env.note_dependency(str(root / f"{NOTEBOOK}.ipynb"))
        try:
            one = specimen(self.arguments[0])
            found = examination(one.id, root)
        except ValueError as problem:
            raise self.error(str(problem)) from None
        filled = box(f"specimen-{one.id}", "onekl-specimen")
        filled += self._head(one)
        filled += self._mathematics(one, found)
        filled += _part("Where it was seen", sentences(one.seen))
        filled += _part("What it does to training", nodes.paragraph("", one.effect))
        code = nodes.literal_block(one.catch, one.catch, language="python")
        filled += _part("How to catch it", code)
        report = found["report"]
        tried = f"mended: {mutants(report)}; {together(report['shown']).text()}"
        facts = nodes.paragraph("", tried, classes=["onekl-claim-facts"])
        filled += proof(self.env, report["shown"], facts)
        return [filled]

    def _head(self, one: Specimen) -> nodes.paragraph:
        badge = link(self.env, f"{NOTEBOOK}#{one.id}", "rejected", "onekl-badge", "onekl-rejected")
        return head(nodes.strong("", one.id), nodes.Text(f" {one.title} "), badge)

    def _mathematics(self, one: Specimen, found: dict[str, Any]) -> list[nodes.Node]:
        said, true = (
            [equation(self.env, line) for line in claim.equations()]
            for claim in (one.said, one.true)
        )
        premises = found["report"]["premises"]
        return [
            *_part("What is said", nodes.container("", *said, classes=["onekl-said"])),
            *_part("Why it is not so", formulas(found["rejected"])),
            *_part("What is true", *true),
            *(_part("provided that", formulas(premises)) if premises else []),
        ]


def _part(title: str, *content: nodes.Node) -> list[nodes.Node]:
    return [nodes.paragraph("", title, classes=["onekl-specimen-part"]), *content]


def _anchor_specimens(app: Sphinx, document: nodes.document) -> None:
    if app.env.docname == NOTEBOOK:
        ids = [one.id for one in SPECIMENS]
        anchor_headings(document, NOTEBOOK, known=ids, wanted=ids)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and the anchors with Sphinx."""
    app.add_directive("specimen", SpecimenDirective)
    app.connect("doctree-read", _anchor_specimens)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
