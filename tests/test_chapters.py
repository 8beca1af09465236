"""The one list of chapters: the list of contents and the claims agree with it."""

import subprocess
import sys

import pytest

import onekl.chapters
from onekl.chapters import CHAPTERS, claims_of, part, stated_claims
from onekl.claims.inventory import inventory
from paths import sections


def test_a_page_with_notebooks_is_a_chapters_and_its_check_comes_first():
    checks = [notebooks[0] for notebooks in sections().values() if notebooks]
    assert checks == [f"notebooks/{chapter}-check" for chapter in CHAPTERS]


def test_a_chapter_states_claims_of_its_own_alone():
    for chapter in CHAPTERS:
        stated = claims_of(chapter)
        assert {inventory()[one.id].chapter for one in stated} <= {chapter}
        treated = {entry.id for entry in inventory().values() if entry.chapter == chapter}
        assert bool(stated) == bool(treated), chapter


def test_the_chapters_claims_never_load_torch():
    modules = {f"onekl.chapters.{chapter}.claims" for chapter in CHAPTERS}
    script = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    loaded = set(told.stdout.split())
    assert modules <= loaded and "torch" not in loaded, told.stderr


def test_claims_under_another_name_are_an_error(monkeypatch):
    monkeypatch.delattr(part("vae", "claims"), "CLAIMS")
    with pytest.raises(AttributeError, match="CLAIMS"):
        stated_claims.__wrapped__()


def test_a_part_that_a_chapter_lacks_is_none_and_a_broken_one_is_an_error(monkeypatch):
    assert part("museum", "tables") is None and part("vae", "claims").CLAIMS

    def broken(name):
        raise ModuleNotFoundError("no torch", name="torch")

    monkeypatch.setattr(onekl.chapters.importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="no torch"):
        part("vae", "claims")
