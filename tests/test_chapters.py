"""The one list of chapters: the folders, the list of contents and the inventory agree with it."""

from pathlib import Path

import pytest
import yaml

import onekl.chapters
from onekl.chapters import CHAPTERS, part
from onekl.claims.inventory import inventory
from paths import ROOT

FOLDER = Path(onekl.chapters.__file__).parent


def test_every_chapter_has_a_folder_and_every_folder_is_a_chapter():
    folders = {path.parent.name for path in FOLDER.glob("*/__init__.py")}
    assert folders == set(CHAPTERS) and len(set(CHAPTERS)) == len(CHAPTERS)


def test_the_list_of_contents_has_the_chapters_in_the_same_order():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [
        page["file"].removeprefix("book/")
        for part in contents["parts"]
        for page in part["chapters"]
    ]
    assert [page for page in pages if page in CHAPTERS] == list(CHAPTERS)
    # A page with notebooks under it is a chapter's, and every chapter has its check notebook there.
    checked = [
        page["sections"][0]["file"]
        for part in contents["parts"]
        for page in part["chapters"]
        if "sections" in page
    ]
    assert checked == [f"notebooks/{chapter}-check" for chapter in CHAPTERS]


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
