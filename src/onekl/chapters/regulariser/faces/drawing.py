"""Drawn faces, whose attributes are known, so that mode collapse can be counted.

The set is endless: face i of a stream is a function of (seed, i) alone.
Its attributes are independent and uniform, and so are its places; the pictures are drawn with
additions, products, quotients and square roots only, which round alike on every machine and in
every batch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike

# Every attribute with its values; the order is that of the columns of `Faces.attributes`.
ATTRIBUTES = {
    "background": ("sky", "meadow", "lilac", "sand"),
    "skin": ("light", "tan", "brown", "dark"),
    "hair colour": ("black", "blond", "red", "white"),
    "hair style": ("short", "long", "bun", "mohawk"),
    "eyes": ("brown", "blue", "green"),
    "glasses": ("none", "black", "pink"),
    "mouth": ("line", "smile", "open"),
}
SIZES = tuple(map(len, ATTRIBUTES.values()))
COMBINATIONS = int(np.prod(SIZES))

# The continuous places with their lowest and highest value, in units of half the picture's side.
PLACES = {
    "right": (-0.1, 0.1),
    "down": (-0.06, 0.1),
    "scale": (0.84, 1.02),
    "tilt": (-0.15, 0.15),
    "eye distance": (0.29, 0.35),
    "mouth opening": (0.11, 0.17),
}

COLOURS = {
    "background": ((110, 170, 230), (120, 190, 110), (190, 150, 220), (225, 205, 150)),
    "skin": ((250, 220, 195), (225, 170, 125), (160, 105, 65), (85, 55, 40)),
    "hair colour": ((25, 22, 25), (240, 200, 60), (190, 60, 20), (240, 240, 240)),
    "eyes": ((95, 50, 15), (20, 90, 230), (20, 160, 60)),
    "glasses": ((0, 0, 0), (15, 15, 15), (235, 30, 140)),
}
PIXELS_AT_A_TIME = 2**15  # as many as stay in a processor's cache
WHITE, LIPS, THROAT = (255, 255, 255), (190, 35, 50), (110, 10, 25)


class Faces(NamedTuple):
    """N drawn faces with what was drawn."""

    images: torch.Tensor  # (N, 3, side, side) float32 in [−1, 1], of 256 levels
    attributes: torch.Tensor  # (N, 7) int64: the value's place in ATTRIBUTES
    places: torch.Tensor  # (N, 6) float64, in the order of PLACES


def draw(indices: ArrayLike, side: int = 64, seed: int = 0) -> Faces:
    """The faces number `indices` (N whole numbers ≥ 0) of the stream `seed`.

    A side below 8, a negative index or no index raises ValueError.
    """
    indices = np.asarray(indices)
    if indices.ndim != 1 or not len(indices) or indices.dtype.kind not in "iu" or indices.min() < 0:
        raise ValueError(
            "indices must be a list of whole numbers from 0 on, "
            f"got shape {indices.shape} of {indices.dtype}"
        )
    if side < 8:
        raise ValueError(f"a face needs a side of at least 8 pixels, got {side}")
    numbers = uniform(indices, len(ATTRIBUTES) + len(PLACES), seed)
    attributes = (numbers[:, : len(SIZES)] * np.array(SIZES)).astype(np.int64)
    low, high = np.array(list(PLACES.values())).T
    places = low + (high - low) * numbers[:, len(SIZES) :]
    some = max(1, PIXELS_AT_A_TIME // side**2)
    parts = [
        paint(attributes[i : i + some], places[i : i + some], side)
        for i in range(0, len(indices), some)
    ]
    return Faces(
        torch.from_numpy(np.concatenate(parts)),
        torch.from_numpy(attributes),
        torch.from_numpy(places),
    )


def uniform(indices: np.ndarray, count: int, seed: int) -> np.ndarray:
    """`count` numbers on [0, 1) for each of N indices, (N, count).

    They are those of the SplitMix64 generator at the place (seed, index).
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        start = mix64((np.uint64(seed) + np.uint64(1)) * golden)
        state = (
            mix64(start + indices.astype(np.uint64)[:, None] * golden)
            + np.arange(1, count + 1, dtype=np.uint64) * golden
        )
        return (mix64(state) >> np.uint64(11)) / 2.0**53


def mix64(state: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser on an array of uint64, number by number: the same shape."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


class Canvas:
    """N pictures that are painted over, and their pixels' coordinates in the frame of each face.

    x runs to the right and y downwards; (0, 0) is the middle of the face.
    `places` is (N, 6) in float32, in the order of `PLACES`.
    The coordinates are (N, side, side), `pixel` is a pixel's width in them, (N, 1, 1), and `rgb`
    is the pictures' colours from 0 to 255, (N, 3, side, side).
    """

    def __init__(self, places: np.ndarray, side: int) -> None:
        right, down, scale, half_tilt = (places[:, i, None, None] for i in range(4))
        axis = ((np.arange(side) + 0.5) * 2 / side - 1).astype(np.float32)
        x, y = axis[None, None, :] - right, axis[None, :, None] - down
        # the rotation by the angle whose half has the tangent `half_tilt`, without a sine
        norm = (1 + half_tilt * half_tilt) * scale
        cosine, sine = (1 - half_tilt * half_tilt) / norm, 2 * half_tilt / norm
        self.x, self.y = x * cosine + y * sine, y * cosine - x * sine
        self.pixel = 2 / (side * scale)
        self.rgb = np.zeros((len(places), 3, side, side), np.float32)

    def cover(self, distance: np.ndarray) -> np.ndarray:
        """The share of each pixel inside a shape, from its signed distance (N, side, side)."""
        return np.clip(0.5 - distance / self.pixel, 0, 1)

    def ellipse(
        self, x: float | np.ndarray, y: float, a: float, b: float | np.ndarray
    ) -> np.ndarray:
        """The signed distance, to first order, from the ellipse around (x, y) with half axes a, b.

        It is (N, side, side); an array among the arguments is (N, 1, 1).
        """
        u, v = (self.x - x) / a, (self.y - y) / b
        return (np.sqrt(u * u + v * v) - 1) * np.minimum(a, b)

    def paint(self, cover: np.ndarray, colours: ArrayLike) -> None:
        """Lay `colours` (N, 3), or one colour, over the pictures where `cover` is 1.

        `cover` is (N, side, side), in [0, 1].
        """
        colours = np.broadcast_to(np.asarray(colours, np.float32), (len(self.rgb), 3))[
            :, :, None, None
        ]
        self.rgb += cover[:, None] * (colours - self.rgb)


def paint(attributes: np.ndarray, places: np.ndarray, side: int) -> np.ndarray:
    """The pictures of faces with these attributes (N, 7) and places (N, 6).

    They are (N, 3, side, side), in [−1, 1].
    """
    value = dict(zip(ATTRIBUTES, attributes.T))
    colour = {name: np.array(table)[value[name]] for name, table in COLOURS.items()}
    places = places.astype(np.float32)
    apart, opening = (places[:, i, None, None] for i in (4, 5))
    canvas = Canvas(places, side)
    canvas.paint(np.ones_like(canvas.x), colour["background"])
    paint_head(canvas, value["hair style"], colour)
    for eye in (-apart, apart):
        paint_eye(canvas, eye, value["glasses"], colour)
    paint_mouth(canvas, value["mouth"], opening)
    levels = np.rint(np.clip(canvas.rgb, 0, 255))  # 256 levels, as a picture file has
    return levels / np.float32(127.5) - 1


def paint_head(canvas: Canvas, style: np.ndarray, colour: dict[str, np.ndarray]) -> None:
    """Hair behind the face, the face, and hair before it; `style` is (N,), each colour (N, 3)."""
    style = style[:, None, None]
    hair = colour["hair colour"]
    x, y = np.abs(canvas.x), canvas.y
    long = np.maximum(x - 0.68, np.maximum(-0.2 - y, y - 0.85))
    bun = canvas.ellipse(0, -0.84, 0.26, 0.24)
    mohawk = np.maximum(x - 0.15, np.maximum(-0.95 - y, y + 0.35))
    crown = canvas.ellipse(0, -0.16, 0.68, 0.66)
    behind = np.select(
        [style == 0, style == 1, style == 2],
        [crown, np.minimum(crown, long), np.minimum(crown, bun)],
        mohawk,
    )
    face = canvas.ellipse(0, 0.02, 0.58, 0.76)
    canvas.paint(canvas.cover(behind), hair)
    canvas.paint(canvas.cover(face), colour["skin"])
    fringe = np.select([style == 3], [mohawk], np.maximum(face, y + 0.38))
    canvas.paint(canvas.cover(fringe), hair)


def paint_eye(
    canvas: Canvas, x: np.ndarray, glasses: np.ndarray, colour: dict[str, np.ndarray]
) -> None:
    """One eye at `x` (N, 1, 1) and, where `glasses` (N,) is not 0, their frame around it."""
    distance = canvas.ellipse(x, -0.1, 0.2, 0.17)
    canvas.paint(canvas.cover(distance), WHITE)
    canvas.paint(canvas.cover(canvas.ellipse(x, -0.1, 0.12, 0.13)), colour["eyes"])
    frame = np.maximum(canvas.ellipse(x, -0.1, 0.31, 0.29), -canvas.ellipse(x, -0.1, 0.2, 0.18))
    canvas.paint(np.where((glasses > 0)[:, None, None], canvas.cover(frame), 0), colour["glasses"])


def paint_mouth(canvas: Canvas, mouth: np.ndarray, opening: np.ndarray) -> None:
    """Where `mouth` (N,) is 0 a line, 1 a smile, 2 a mouth of half height `opening` (N, 1, 1)."""
    mouth = mouth[:, None, None]
    x, y = np.abs(canvas.x), canvas.y - 0.44
    line = np.maximum(x - 0.28, np.abs(y) - 0.05)
    smile = np.maximum(canvas.ellipse(0, 0.36, 0.34, 0.26), -canvas.ellipse(0, 0.26, 0.36, 0.2))
    lips = canvas.ellipse(0, 0.44, 0.2, opening + 0.06)
    canvas.paint(canvas.cover(np.select([mouth == 0, mouth == 1], [line, smile], lips)), LIPS)
    canvas.paint(
        np.where(mouth == 2, canvas.cover(canvas.ellipse(0, 0.44, 0.13, opening)), 0), THROAT
    )
