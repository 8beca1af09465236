"""Images as data p̃(x): the embedded 8×8 digits, and two big sets that are downloaded."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

# The hosts and MD5 checksums that torchvision publishes for the two sets.
HOSTS = {
    "mnist": "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "fashion-mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
}

CHECKSUMS = {
    "mnist": {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
    "fashion-mnist": {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
}


class Images(NamedTuple):
    """Images as rows of D pixels in [0, 1] (float32), with whole-number labels (int64)."""

    train: torch.Tensor  # (N, D)
    train_labels: torch.Tensor  # (N,)
    test: torch.Tensor  # (M, D)
    test_labels: torch.Tensor  # (M,)
    side: int  # D = side²


def digits(held_out: int = 360) -> Images:
    """Scikit-learn's 1,797 handwritten digits of 8×8 pixels, scaled to [0, 1], as `Images`.

    The split is fixed: the last `held_out` of one shuffled order are the test images.
    """
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    order = np.random.RandomState(0).permutation(len(pixels))
    x = torch.tensor(pixels[order] / 16, dtype=torch.float32)
    y = torch.tensor(labels[order], dtype=torch.int64)
    return Images(x[:-held_out], y[:-held_out], x[-held_out:], y[-held_out:], 8)


def binarise(grey: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Binary images from grey ones: a pixel is 1 with the probability of its grey value, else 0.

    `grey` and `uniform` are (..., D) of one shape, `uniform` drawn on [0, 1): so a pixel of 0 or 1
    stays as it is. With draws of its own for every use this is dynamic binarisation, with one draw
    for each image fixed binarisation.
    Returns (..., D), of the dtype of `grey`.
    Other shapes raise ValueError.
    """
    if grey.shape != uniform.shape:
        raise ValueError(
            f"grey has shape {tuple(grey.shape)} and uniform has shape {tuple(uniform.shape)}; "
            "draw one number for each pixel"
        )
    return (uniform < grey).to(grey.dtype)


def read_idx(path: str | Path) -> np.ndarray:
    """The array in an IDX file of unsigned bytes, plain or gzipped, in its own shape.

    A file that is truncated, too long or not of this format raises ValueError.
    """
    try:
        data = Path(path).read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is a broken gzip file ({error}); download it again") from error
    if len(data) < 4 or data[:3] != b"\x00\x00\x08":
        raise ValueError(
            f"{path} is not an IDX file of unsigned bytes: it starts with 0x{data[:4].hex()}"
        )
    rank = data[3]
    header, body = data[4 : 4 + 4 * rank], data[4 + 4 * rank :]
    shape = struct.unpack(f">{rank}I", header) if len(header) == 4 * rank else None
    if shape is None or len(body) != int(np.prod(shape, dtype=np.int64)):
        raise ValueError(
            f"{path} holds {len(body)} bytes of data, its header says {shape}; download it again"
        )
    return np.frombuffer(body, dtype=np.uint8).reshape(shape)


def fetch(url: str, md5: str, folder: str | Path) -> Path:
    """Download `url` into `folder` unless it is there, and return its path.

    Raises ImportError without pooch, OSError if the host cannot be reached, ValueError on a wrong
    checksum.
    """
    try:
        import pooch
    except ImportError as error:
        raise ImportError('the big data sets need pooch: pip install "onekl[data]"') from error
    path = Path(folder) / url.rsplit("/", 1)[1]
    if not path.exists():
        pooch.get_logger().setLevel("WARNING")
        try:
            pooch.retrieve(url, known_hash=None, fname=path.name, path=path.parent)
        except OSError as error:
            kind = type(error).__name__
            raise OSError(
                f"cannot download {url} ({kind}); check the network, or put the file at {path}"
            ) from error
    found = pooch.file_hash(str(path), alg="md5")
    if found != md5:
        raise ValueError(f"{path} has MD5 {found}, expected {md5}; delete the file and run again")
    return path


def mnist(root: str | Path = "data", name: str = "mnist") -> Images:
    """MNIST or Fashion-MNIST, 60,000 and 10,000 images of 28×28 pixels in [0, 1], as `Images`.

    `name` is "mnist" or "fashion-mnist"; the files are kept in `root/name`, each checked by its
    MD5.
    Raises what `fetch` and `read_idx` raise, and ValueError for another name.
    """
    if name not in CHECKSUMS:
        raise ValueError(f"no data set {name!r}; choose one of {', '.join(CHECKSUMS)}")
    arrays = [
        torch.tensor(read_idx(fetch(HOSTS[name] + file, md5, Path(root) / name)))
        for file, md5 in CHECKSUMS[name].items()
    ]
    train, train_labels, test, test_labels = arrays
    side = train.shape[-1]
    return Images(_rows(train), train_labels.long(), _rows(test), test_labels.long(), side)


def _rows(images: torch.Tensor) -> torch.Tensor:
    return images.flatten(1).float() / 255
