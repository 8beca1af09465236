"""The loaders of real pictures, on small files of the same format."""

import hashlib
import sys
import types
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from onekl.chapters.regulariser.faces import pictures


def save(path, height, width, seed=0):
    """A smooth random picture, which JPEG keeps nearly."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    picture.save(path)
    return np.asarray(picture)


def test_bytes_and_scaled_are_inverse():
    levels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    x = pictures.scaled(levels)
    assert x.dtype == torch.float32 and x.min() == -1 and x.max() == 1
    assert torch.equal(pictures.as_bytes(x), levels)
    assert pictures.as_bytes(torch.tensor([-3.0, 3.0])).tolist() == [0, 255]


def test_folder_reads_sorted_and_in_the_middle(tmp_path):
    save(tmp_path / "b.png", 20, 30, 1)
    save(tmp_path / "a.jpg", 30, 20, 2)
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    Image.new("L", (8, 8), 77).save(tmp_path / "c.PNG")
    found = pictures.folder(tmp_path, side=8)
    assert found.shape == (3, 3, 8, 8) and found.dtype == torch.uint8
    assert (found[2] == 77).all()  # grey becomes three equal colours
    wide = (
        Image.open(tmp_path / "b.png").crop((5, 0, 25, 20)).resize((8, 8), Image.Resampling.BICUBIC)
    )
    assert torch.equal(found[1], torch.tensor(np.array(wide)).permute(2, 0, 1))
    assert torch.equal(pictures.folder(tmp_path, side=8, count=1), found[:1])


def test_crop_takes_the_middle_pixels_as_they_are(tmp_path):
    pixels = save(tmp_path / "one.png", 218, 178)
    found = pictures.folder(tmp_path, side=108, crop=108)
    assert np.array_equal(found[0].permute(1, 2, 0).numpy(), pixels[55:163, 35:143])


def told(call, *words):
    with pytest.raises(ValueError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message


def test_missing_and_empty_folders_are_named(tmp_path):
    told(lambda: pictures.folder(tmp_path / "none"), "there is no folder", str(tmp_path / "none"))
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    told(lambda: pictures.folder(tmp_path), "holds no pictures", str(tmp_path))


@pytest.mark.parametrize("content", ["nothing", "half", "text"])
def test_broken_picture_is_named(tmp_path, content):
    save(tmp_path / "a.jpg", 40, 40)
    save(tmp_path / "b.jpg", 40, 40)
    whole = (tmp_path / "b.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(
        {"nothing": b"", "half": whole[: len(whole) // 2], "text": b"<html>"}[content]
    )
    told(
        lambda: pictures.folder(tmp_path, side=8), str(tmp_path / "b.jpg"), "is not a whole picture"
    )


def test_too_small_a_picture_is_named(tmp_path):
    save(tmp_path / "a.png", 90, 200)
    told(lambda: pictures.folder(tmp_path, crop=108), str(tmp_path / "a.png"), "200×90", "108×108")


@pytest.fixture
def home(tmp_path):
    (tmp_path / "celeba").mkdir()
    return tmp_path / "celeba"


def fill(folder, count=3):
    folder.mkdir()
    for i in range(count):
        save(folder / f"{i + 1:06}.jpg", 218, 178, i)


def test_celeba_from_the_folder(home, monkeypatch):
    fill(home / "img_align_celeba")
    monkeypatch.setattr(pictures, "CELEBA_COUNT", 3)
    found = pictures.celeba(home.parent)
    assert found.shape == (3, 3, 64, 64)
    assert torch.equal(found, pictures.folder(home / "img_align_celeba", 64, 108))


def test_celeba_folder_must_be_whole(home):
    fill(home / "img_align_celeba")
    told(lambda: pictures.celeba(home.parent), "holds 3 pictures, CelebA has 202599")


def pack(home):
    """An archive like CelebA's, its pictures in a folder of the archive; returns its checksum."""
    fill(home.parent / "made")
    path = home / "img_align_celeba.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("img_align_celeba/", "")
        for file in (home.parent / "made").iterdir():
            archive.write(file, f"img_align_celeba/{file.name}")
    return hashlib.md5(path.read_bytes()).hexdigest()


def test_celeba_from_the_archive(home, monkeypatch):
    monkeypatch.setattr(pictures, "CELEBA_MD5", pack(home))
    found = pictures.celeba(home.parent, side=16)
    assert torch.equal(found, pictures.folder(home.parent / "made", 16, 108))
    assert torch.equal(pictures.celeba(home.parent, side=16, count=2), found[:2])


def test_celeba_archive_is_checked(home):
    md5 = pack(home)
    told(
        lambda: pictures.celeba(home.parent),
        "img_align_celeba.zip",
        f"has MD5 {md5}, expected {pictures.CELEBA_MD5}",
    )


def test_celeba_missing_is_told(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    told(
        lambda: pictures.celeba(home.parent),
        "CelebA is not there",
        str(home / "img_align_celeba.zip"),
        "torchvision",
    )


def stand_in(monkeypatch, download):
    """A module in torchvision's place, whose CelebA is `download`."""
    module = types.ModuleType("torchvision.datasets")
    module.CelebA = download
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.datasets", module)


def test_celeba_through_torchvision(home, monkeypatch):
    """torchvision unpacks the archive at the same place; a failed download is told in one line."""

    def works(root, split, download):
        assert split == "all" and download
        fill(home / "img_align_celeba")

    def fails(root, split, download):
        raise RuntimeError("quota\nexceeded")

    monkeypatch.setattr(pictures, "CELEBA_COUNT", 3)
    stand_in(monkeypatch, fails)
    told(lambda: pictures.celeba(home.parent), "torchvision cannot download CelebA (RuntimeError)")
    stand_in(monkeypatch, works)
    assert len(pictures.celeba(home.parent)) == 3
