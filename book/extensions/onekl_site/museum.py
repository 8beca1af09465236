"""The Sphinx extension of the bug museum: `specimen` prints a specimen's box, from the executed check notebook."""

from __future__ import annotations

import json
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from onekl.chapters.museum.claims import SPECIMENS
from onekl.chapters.museum.specimen import MIME, Specimen
from onekl_site.claim_boxes import ClaimDirective, _listed

NOTEBOOK = "notebooks/museum-check"


def specimen(id: str) -> Specimen:
    """The specimen; ValueError for an id that the museum does not have."""
    found = {one.id: one for one in SPECIMENS}
    if id not in found:
        raise ValueError(f"there is no specimen {id!r}; the museum has {', '.join(found)}")
    return found[id]


def examination(id: str, folder: Path) -> dict:
    """What the check notebook in the folder shows of a specimen; ValueError if it shows nothing, or an older wording."""
    path = folder / f"{NOTEBOOK}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    shown = {
        data[MIME]["id"]: data[MIME]
        for cell in cells
        for output in cell.get("outputs", ())
        if MIME in (data := output.get("data", {}))
    }
    if id not in shown:
        raise ValueError(f"{path.name} does not examine {id}: add the cell and run the notebook")
    if shown[id]["fingerprint"] != specimen(id).fingerprint():
        raise ValueError(
            f"the examination of {id} in {path.name} is of another wording: run the notebook again"
        )
    return shown[id]


class SpecimenDirective(ClaimDirective):
    """`{specimen} bug-1`: what is said, why not, what is true, where it was seen, what it does, and how to catch it."""

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        self.env.note_dependency(str(root / f"{NOTEBOOK}.ipynb"))
        try:
            one = specimen(self.arguments[0])
            found = examination(one.id, root)
        except ValueError as problem:
            raise self.error(str(problem)) from None
        said, true = (
            [self._equation(line, None) for line in claim.equations()]
            for claim in (one.said, one.true)
        )
        box = nodes.container(ids=[f"specimen-{one.id}"], classes=["onekl-claim", "onekl-specimen"])
        box += [
            self._head(one),
            *_section("What is said", nodes.container("", *said, classes=["onekl-said"])),
        ]
        box += _section("Why it is not so", _listed(found["rejected"]))
        box += _section("What is true", *true)
        premises = found["report"]["premises"]
        box += _section("provided that", _listed(premises)) if premises else []
        box += _section(
            "Where it was seen",
            nodes.bullet_list(
                "", *(nodes.list_item("", nodes.paragraph("", place)) for place in one.seen)
            ),
        )
        box += _section("What it does to training", nodes.paragraph("", one.effect))
        box += _section(
            "How to catch it", nodes.literal_block(one.catch, one.catch, language="python")
        )
        box += nodes.paragraph("", _facts(found["report"]), classes=["onekl-claim-facts"])
        return [box]

    def _head(self, one: Specimen) -> nodes.paragraph:
        uri = self.env.app.builder.get_relative_uri(self.env.docname, NOTEBOOK) + f"#{one.id}"
        badge = nodes.reference(
            "", "rejected", refuri=uri, internal=True, classes=["onekl-badge", "onekl-rejected"]
        )
        return nodes.paragraph(
            "",
            "",
            nodes.strong("", one.id),
            nodes.Text(f" {one.title} "),
            badge,
            classes=["onekl-claim-head"],
        )


def _section(title: str, *content: nodes.Node) -> list[nodes.Node]:
    return [nodes.paragraph("", title, classes=["onekl-specimen-part"]), *content]


def _facts(report: dict) -> str:
    return (
        f"mended: {report['mutants_rejected']} of {report['mutants_total']} mutants rejected; "
        f"{report['numeric_instances']:,} random instances, largest error {report['max_error']:.0e}"
    )


def setup(app: Sphinx) -> dict:
    app.setup_extension("onekl_site.claim_boxes")
    app.add_directive("specimen", SpecimenDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
