"""Where the repository's parts are."""

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
NOTEBOOKS = ROOT / "notebooks"
TRAINING = sorted(NOTEBOOKS.glob("*-train.ipynb")) + sorted(NOTEBOOKS.glob("*-trial.ipynb"))


def sections():
    """The notebooks that stand under each page in the list of contents, in its order."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    return {
        page["file"].removeprefix("book/"): [one["file"] for one in page.get("sections", ())]
        for part in parts
        for page in part["chapters"]
    }
