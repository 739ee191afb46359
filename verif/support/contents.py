"""Contents of files of samples: pictures, arrays and archives."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

from support.seeds import rng

__all__ = ["encoded", "exif", "npy", "pixels", "png", "zipped"]


def pixels(*shape: int) -> np.ndarray:
    """Return random bytes of a shape, always the same ones."""
    return rng(shape).integers(0, 256, shape, np.uint8)


def encoded(array: np.ndarray, kind: str = "PNG", mode: str | None = None, **options) -> bytes:
    """Return an array as the content of a picture's file, after conversion to a mode."""
    buffer, image = io.BytesIO(), Image.fromarray(array)
    (image.convert(mode) if mode else image).save(buffer, kind, **options)
    return buffer.getvalue()


def png(width: int, height: int, depth: int, colour: int, data: bytes | None = None) -> bytes:
    """Return a PNG file that is made independently of Pillow."""
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = b"" if data is None else chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body


def exif(orientation: int) -> Image.Exif:
    """Return EXIF facts that state an orientation."""
    facts = Image.Exif()
    facts[0x0112] = orientation
    return facts


def npy(array: np.ndarray) -> bytes:
    """Return an array as the content of a .npy file, which may hold Python objects."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def zipped(content: bytes, name: str = "images.npy", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP archive of one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as out:
        out.writestr(name, content)
    return buffer.getvalue()
