"""Pictures in PNG, JPEG and BMP files, and folders of them, read with Pillow.

Pixels are taken as the file has them: no colour profile and no gamma is applied, and an orientation that EXIF states is
not applied either, but counted.
"""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import DataError
from ..files.reading import ARRAY_BYTES, first_line, read_whole
from .arrays import kind_of, readable

if TYPE_CHECKING:  # Pillow is imported when the first picture is read, because it takes a while.
    from PIL.Image import Image

__all__ = ["Pictures", "PICTURE_BYTES", "PICTURE_PIXELS", "picture_format", "read_folder", "read_picture"]

PICTURE_BYTES = 16 << 20
"""Largest size in bytes of a picture's file."""
PICTURE_PIXELS = 1 << 22
"""Largest number of pixels of a picture, 2,048 x 2,048: a network takes at most 256 x 256."""
_FORMATS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"BM": "BMP"}
_CONVERTED = {"L": "L", "1": "L", "RGB": "RGB", "P": "RGB"}
_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_ORIENTATION = 0x0112
_DEPTH_OF_PNG = 24
"""Place of the byte with the bits per channel in a PNG file, whose first chunk is always the header."""


@dataclass(frozen=True)
class Pictures:
    """Pictures of one size.

    Attributes
    ----------
    pixels : uint8 array (n, rows, columns) or (n, 3, rows, columns)
        Grey pictures, or RGB pictures with channels first.
    names : tuple of str
        Names of the files, without folders.
    turned : int
        Number of pictures with an EXIF orientation, which is not applied.
    """

    pixels: np.ndarray
    names: tuple[str, ...]
    turned: int


def picture_format(start: bytes) -> str | None:
    """Return PNG, JPEG or BMP if a file with these first bytes is one, otherwise None."""
    return next((name for magic, name in _FORMATS.items() if start.startswith(magic)), None)


def read_picture(path: Path) -> Pictures:
    """Read one picture.

    Grey pictures (Pillow's modes L and 1) and RGB pictures (RGB, and P, which has a palette) are taken.  Pictures with
    other colours, with transparency, with 16 bits per channel or with several frames are refused.

    Raises
    ------
    DataError
        If the file cannot be read, is damaged, is not a picture that is taken, or is larger than `PICTURE_BYTES` or
        `PICTURE_PIXELS`.
    """
    pixels, turned = _pixels(path)
    return Pictures(pixels[None], (path.name,), int(turned))


def read_folder(path: Path) -> Pictures:
    """Read all pictures in a folder, in the order of their names.

    The order is that of Python's ``sorted``, by code points: ``10.png`` comes before ``9.png``, as in a list of labels
    that a program has made.  Files whose names begin with a full stop are ignored.  Everything else must be a picture,
    so that none is left out unnoticed; a folder inside the folder is refused.

    Raises
    ------
    DataError
        If the folder cannot be read or holds no picture or something else, if a picture is not taken, if the pictures
        differ in size or mode, or if all together are larger than `hadamac.files.reading.ARRAY_BYTES`.
    """
    with readable("Folder", path, "cannot be read"):
        with os.scandir(path) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith("."))
    for name, is_folder in found:
        if is_folder:
            raise DataError(f"Folder {path} must hold only PNG, JPEG and BMP pictures, not the folder {name}")
    if not found:
        raise DataError(f"Folder {path} must hold at least one PNG, JPEG or BMP picture")
    names = tuple(name for name, _ in found)
    first, turned = _pixels(path / names[0])
    total = len(names) * first.nbytes
    if total > ARRAY_BYTES:
        raise DataError(f"Folder {path} must hold at most {ARRAY_BYTES} bytes of pixels, not {total}")
    pixels = np.empty((len(names), *first.shape), np.uint8)
    pixels[0], count = first, int(turned)
    for k, name in enumerate(names[1:], 1):
        picture, turned = _pixels(path / name)
        if picture.shape != first.shape:
            raise DataError(f"Pictures of {path} must have one size and mode, {_size(first)} like {names[0]}, not "
                            f"{_size(picture)} like {name}")
        pixels[k], count = picture, count + turned
    return Pictures(pixels, names, count)


def _size(pixels: np.ndarray) -> str:
    return f"{pixels.shape[-2]} rows of {pixels.shape[-1]} pixels in {'grey' if pixels.ndim == 2 else 'RGB'}"


def _pixels(path: Path) -> tuple[np.ndarray, bool]:
    """Return the pixels of one picture, with channels first, and whether it has an EXIF orientation."""
    with readable("Picture", path, "cannot be read"):
        content = read_whole(path, PICTURE_BYTES)
        kind = picture_format(content)
        if kind is None:
            raise DataError(f"Picture {path} must be PNG, JPEG or BMP, not {kind_of(content[:16])}")
        return _decoded(path, content, kind)


def _decoded(path: Path, content: bytes, kind: str) -> tuple[np.ndarray, bool]:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():  # Pillow warns of large pictures and of damaged EXIF.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=[kind]) as image:
                _check(path, image, content, kind)
                image.verify()  # It compares the checksums of PNG, which loading does not.
            with Image.open(io.BytesIO(content), formats=[kind]) as image:
                image.load()
                turned = image.getexif().get(_ORIENTATION, 1) not in (0, 1)
                pixels = np.array(image.convert(_CONVERTED[image.mode]))
    except DataError:
        raise
    except UnidentifiedImageError:  # Its text contains an address in memory.
        raise DataError(f"Picture {path} cannot be read: its header is not that of a {kind} file") from None
    except Image.DecompressionBombError:  # Pillow's limit on pixels is higher than ours, but it is applied earlier.
        raise DataError(f"Picture {path} must have at most {PICTURE_PIXELS} pixels, not many times more") from None
    except Exception as e:  # Pillow's readers of damaged files may raise anything.
        raise DataError(f"Picture {path} cannot be read: {first_line(e)}") from None
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(np.moveaxis(pixels, -1, 0)), turned


def _check(path: Path, image: Image, content: bytes, kind: str) -> None:
    """Raise DataError for a picture that is not taken, before its pixels are unpacked."""
    if image.width * image.height > PICTURE_PIXELS:
        raise DataError(f"Picture {path} must have at most {PICTURE_PIXELS} pixels, not {image.height} rows of "
                        f"{image.width}")
    rule = f"Picture {path} must be grey or RGB with 8 bits per channel"
    if image.mode in _ALPHA or "transparency" in image.info:
        raise DataError(f"{rule}, not {image.mode} with transparency: put it on a background")
    if image.mode not in _CONVERTED:
        raise DataError(f"{rule}, not of the mode {image.mode}")
    if kind == "PNG" and content[_DEPTH_OF_PNG] == 16:  # Pillow would drop half of the bits of RGB.
        raise DataError(f"{rule}, not 16")
    frames = getattr(image, "n_frames", 1) if kind == "PNG" else 1  # In JPEG, the others are previews.
    if frames != 1:
        raise DataError(f"Picture {path} must have one frame, not {frames}")
