"""The one list of chapters: the list of contents and the claims agree with it."""

import pytest
import yaml

import onekl.chapters
from onekl.chapters import CHAPTERS, part
from onekl.claims.inventory import inventory
from paths import ROOT


def test_a_page_with_notebooks_is_a_chapters_and_its_check_comes_first():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [page for group in contents["parts"] for page in group["chapters"]]
    checks = [page["sections"][0]["file"] for page in pages if "sections" in page]
    assert checks == [f"notebooks/{chapter}-check" for chapter in CHAPTERS]


def test_a_chapter_states_claims_of_its_own_alone():
    for chapter in CHAPTERS:
        stated = getattr(part(chapter, "claims"), "CLAIMS", ())
        assert {inventory()[one.id].chapter for one in stated} <= {chapter}
        treated = {entry.id for entry in inventory().values() if entry.chapter == chapter}
        assert bool(stated) == bool(treated), chapter


def test_a_part_that_a_chapter_lacks_is_none_and_a_broken_one_is_an_error(monkeypatch):
    assert part("museum", "tables") is None and part("vae", "claims").CLAIMS

    def broken(name):
        raise ModuleNotFoundError("no torch", name="torch")

    monkeypatch.setattr(onekl.chapters.importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="no torch"):
        part("vae", "claims")
