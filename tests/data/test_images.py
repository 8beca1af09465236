"""The digits, and the reader and downloader of the big sets on small files of the same format."""

import gzip
import hashlib
import http.server
import struct
import sys
import threading
from functools import partial

import numpy as np
import pytest
import torch

from onekl.data import images


def idx_bytes(array):
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return b"\x00\x00\x08" + bytes([array.ndim]) + shape + array.tobytes()


IMAGES = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4) * 8
LABELS = np.array([7, 3], dtype=np.uint8)


def test_digits_are_the_whole_set_split_once():
    data = images.digits()
    assert data.train.shape == (1437, 64) and data.test.shape == (360, 64) and data.side == 8
    assert data.train.dtype == torch.float32 and data.train_labels.dtype == torch.int64
    everything = torch.cat([data.train, data.test])
    assert everything.min() == 0 and everything.max() == 1
    assert set(data.test_labels.tolist()) == set(range(10))
    assert torch.equal(data.test, images.digits().test)
    # Scikit-learn's set has no repeated image, so equal rows would be a leak from training to test.
    assert len(torch.unique(everything, dim=0)) == 1797


def test_a_binary_pixel_is_one_as_often_as_it_is_grey():
    grey = torch.tensor([0.0, 0.25, 0.5, 1.0]).expand(20_000, -1)
    uniform = torch.rand(20_000, 4, generator=torch.Generator().manual_seed(0))
    binary = images.binarise(grey, uniform)
    assert set(binary.unique().tolist()) == {0.0, 1.0} and binary.dtype == grey.dtype
    torch.testing.assert_close(binary.mean(0), grey[0], rtol=0, atol=0.02)
    assert binary[:, 0].sum() == 0 and binary[:, 3].sum() == 20_000
    assert torch.equal(images.binarise(binary, 1 - uniform.clamp_min(1e-6)), binary)


def test_binarising_with_numbers_for_other_pixels_is_refused():
    with pytest.raises(ValueError, match="one number for each pixel"):
        images.binarise(torch.zeros(3, 4), torch.zeros(3, 1))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("array", [IMAGES, LABELS])
def test_idx_files_are_read_back(tmp_path, pack, array):
    path = tmp_path / "file"
    path.write_bytes(pack(idx_bytes(array)))
    assert np.array_equal(images.read_idx(path), array)


WHOLE = idx_bytes(IMAGES)
BROKEN = {
    "truncated body": (WHOLE[:-1], "holds 31 bytes of data"),
    "one byte too many": (WHOLE + b"\0", "holds 33 bytes of data"),
    "truncated header": (WHOLE[:9], "download it again"),
    "another type of number": (
        b"\0\0\x0d" + WHOLE[3:],
        "not an IDX file of unsigned bytes: it starts with 0x00000d03",
    ),
    "empty": (b"", "not an IDX file"),
    "a web page": (b"<html>", "not an IDX file"),
    "truncated gzip": (gzip.compress(WHOLE)[:-9], "broken gzip file"),
    "damaged gzip": (
        gzip.compress(WHOLE)[:15] + b"\xff\xff" + gzip.compress(WHOLE)[17:],
        "broken gzip file",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_idx_files_are_named_in_one_line(tmp_path, case):
    content, message = BROKEN[case]
    path = tmp_path / "some-images.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        images.read_idx(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A server on this machine with four small files in place of MNIST's; yields its folder."""
    folder = tmp_path / "host"
    folder.mkdir()
    checksums = {}
    for name in images.CHECKSUMS["mnist"]:
        content = gzip.compress(idx_bytes(IMAGES if "images" in name else LABELS), mtime=0)
        (folder / name).write_bytes(content)
        checksums[name] = hashlib.md5(content).hexdigest()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setitem(images.HOSTS, "mnist", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setitem(images.CHECKSUMS, "mnist", checksums)
    yield folder
    server.shutdown()
    server.server_close()


def test_mnist_is_downloaded_once_and_read(tmp_path, host):
    pytest.importorskip("pooch")
    data = images.mnist(tmp_path / "data")
    assert data.side == 4 and data.train_labels.tolist() == [7, 3]
    torch.testing.assert_close(data.test, torch.tensor(IMAGES).flatten(1).float() / 255)
    for file in host.iterdir():
        file.unlink()
    again = images.mnist(tmp_path / "data")  # from the folder: the host is empty
    assert torch.equal(again.train, data.train)


def test_wrong_checksum_is_told_in_one_line(tmp_path, host):
    pytest.importorskip("pooch")
    wrong = host / "train-images-idx3-ubyte.gz"
    expected = images.CHECKSUMS["mnist"][wrong.name]
    wrong.write_bytes(b"another file")
    found = hashlib.md5(b"another file").hexdigest()
    with pytest.raises(
        ValueError, match=f"{wrong.name} has MD5 {found}, expected {expected}; delete the file"
    ) as caught:
        images.mnist(tmp_path / "data")
    assert "\n" not in str(caught.value)


def test_missing_file_on_the_host_is_told_in_one_line(tmp_path, host):
    pytest.importorskip("pooch")
    (host / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(
        OSError, match="cannot download http://127.0.0.1.*t10k-labels.*check the network"
    ) as caught:
        images.mnist(tmp_path / "data")
    assert "\n" not in str(caught.value)


def test_missing_pooch_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r"onekl\[data\]"):
        images.mnist(tmp_path)


def test_unknown_name_lists_the_two(tmp_path):
    with pytest.raises(
        ValueError, match="no data set 'emnist'; choose one of mnist, fashion-mnist"
    ):
        images.mnist(tmp_path, "emnist")
