"""Real images from files: CelebA as its public download gives it, or any folder of pictures.

They are kept as bytes, (N, 3, side, side) uint8, and scaled batch by batch: CelebA at 64×64 takes
2.5 GB.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
import torch
from PIL import Image

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
# The checksum that torchvision publishes for the archive of aligned pictures, and their number.
CELEBA_MD5 = "00d2c5bc6d35e252742224ab0c1e8fcb"
CELEBA_COUNT = 202_599
CELEBA_CROP = 108  # the article's code cuts this square out of the middle of 178×218 pixels


def scaled(images: torch.Tensor) -> torch.Tensor:
    """Bytes 0 … 255 as float32 in [−1, 1], of the same shape and on the same device."""
    return images.float() / 127.5 - 1


def as_bytes(images: torch.Tensor) -> torch.Tensor:
    """The inverse of `scaled`, rounded to the 256 levels: uint8, of the same shape."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round().byte()


def folder(
    path: str | Path, side: int = 64, crop: int | None = None, count: int | None = None
) -> torch.Tensor:
    """The pictures in the folder `path`, in the order of their names, as bytes (N, 3, side, side).

    From each the middle square of `crop` pixels is cut out (the largest square without `crop`) and
    brought to `side` pixels with Pillow's bicubic filter, which smooths where it shrinks; `count`
    takes the first ones only.
    A missing folder, one without pictures, or a file that is no whole picture raises ValueError,
    which names it.
    """
    path = Path(path)
    if not path.is_dir():
        raise ValueError(f"there is no folder {path}; give the folder that holds the pictures")
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    if not files:
        raise ValueError(f"the folder {path} holds no pictures ({', '.join(SUFFIXES)})")
    return torch.stack([read_picture(file, file, side, crop) for file in files[:count]])


def read_picture(
    source: Path | IO[bytes], name: str | Path, side: int, crop: int | None
) -> torch.Tensor:
    """One picture from a path or an open file, cut and shrunk as in `folder`.

    Returns bytes (3, side, side).
    A file that is no whole picture, or one smaller than `crop`, raises ValueError, which calls it
    by its `name`.
    """
    try:
        with Image.open(source) as image:
            image = image.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(
            f"{name} is not a whole picture ({type(error).__name__}); remove it or get it again"
        ) from error
    size = crop or min(image.size)
    if min(image.size) < size:
        raise ValueError(
            f"{name} has {image.width}×{image.height} pixels, too few to cut out {size}×{size}"
        )
    left, top = (image.width - size) // 2, (image.height - size) // 2
    # cut first: with `box` Pillow's filter would look beyond the square's edge
    small = image.crop((left, top, left + size, top + size)).resize(
        (side, side), Image.Resampling.BICUBIC
    )
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)


def celeba(root: str | Path = "data", side: int = 64, count: int | None = None) -> torch.Tensor:
    """CelebA's aligned faces, cut and shrunk as in the article's code: bytes (N, 3, side, side).

    Taken from the first that is there: the folder `root/celeba/img_align_celeba`, the archive
    `root/celeba/img_align_celeba.zip` (its checksum is tested, and it is not unpacked), or
    torchvision, which downloads the archive. `count` takes the first ones only.
    Raises ValueError when there is none of them, the checksum is wrong, or pictures are missing.
    """
    home = Path(root) / "celeba"
    pictures, archive = home / "img_align_celeba", home / "img_align_celeba.zip"
    if not pictures.is_dir() and not archive.exists():
        download_celeba(root, archive)
    if not pictures.is_dir():
        return celeba_from_archive(archive, side, count)
    found = sum(file.suffix.lower() == ".jpg" for file in pictures.iterdir())
    if found != CELEBA_COUNT:
        raise ValueError(
            f"{pictures} holds {found} pictures, CelebA has {CELEBA_COUNT}; "
            "unpack the archive again"
        )
    return folder(pictures, side, CELEBA_CROP, count)


def celeba_from_archive(path: Path, side: int, count: int | None) -> torch.Tensor:
    """CelebA's pictures out of its archive `path`, in the order of their names.

    Returns (N, 3, side, side) uint8, the first `count` pictures, or all of them for None.
    Another checksum than CelebA's, and what is no picture, raise ValueError.
    """
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "md5").hexdigest()
    if found != CELEBA_MD5:
        raise ValueError(
            f"{path} has MD5 {found}, expected {CELEBA_MD5}; delete the file and get it again"
        )
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))[:count]
        parts = []
        for name in names:
            with archive.open(name) as file:
                parts.append(read_picture(file, f"{name} in {path}", side, CELEBA_CROP))
    return torch.stack(parts)


def download_celeba(root: str | Path, archive: Path) -> None:
    """Let torchvision download CelebA into `root`.

    Without torchvision, or when the download fails, ValueError says where to put the `archive`.
    """
    try:
        from torchvision.datasets import CelebA
    except ImportError as error:
        raise ValueError(
            f"CelebA is not there: put img_align_celeba.zip at {archive}, or install torchvision"
        ) from error
    try:
        CelebA(root, split="all", download=True)
    except (OSError, RuntimeError) as error:
        kind = type(error).__name__
        raise ValueError(
            f"torchvision cannot download CelebA ({kind}); put img_align_celeba.zip at {archive}"
        ) from error
