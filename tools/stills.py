"""Draw the still picture of each chapter's moving figure, at its start: `stills.py [CHAPTER...]`.

The pictures stand in the notebooks' stored outputs, for readers whose page runs no script.
Needs Chromium, from the environment variable CHROMIUM or from the PATH.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, sync_playwright

from onekl.chapters import CHAPTERS, part
from onekl.figures.moving import MovingFigure

WIDTH = 760  # pixels, about the width of a notebook's output
PAGE = '<!doctype html><meta charset="utf-8"><body style="background: white">{figure}'


def start(figure: type[MovingFigure]) -> str:
    """The figure's start state as JSON, which its picture carries; a test compares the two."""
    return json.dumps({name: value.default_value for name, value in figure.state.items()})


def picture(browser: Browser, figure: type[MovingFigure]) -> Image.Image:
    """The figure as it looks at its start, in at most 128 colours."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(PAGE.format(figure=figure.html("still")), encoding="utf-8")
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        page.goto(file.as_uri())
        image = page.locator("#still").screenshot()
        page.close()
    return Image.open(io.BytesIO(image)).convert("RGB").quantize(128)


def main(chapters: list[str]) -> None:
    """Write `still.png` into the folder of each chapter that has a figure."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        sys.exit("no Chromium on this machine: install it, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for chapter in chapters:
            if (found := part(chapter, "figure")) is None:
                continue
            about = PngInfo()
            about.add_text("start", start(found.FIGURE))
            file = Path(str(found.FIGURE.folder)) / "still.png"
            picture(browser, found.FIGURE).save(file, optimize=True, pnginfo=about)
            print(f"{chapter}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:] or list(CHAPTERS))
