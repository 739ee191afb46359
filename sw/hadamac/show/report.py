"""Directory of pictures that show what every stage makes of one image, in float and in fixed point."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..errors import DataError
from ..files.directories import digest
from ..files.writing import Marker, atomic_directory, check_directory, make_directory
from ..images import as_images
from ..ops.base import Params
from ..quantised.comparison import EdgeSum, traces
from ..quantised.network import QuantNetwork
from . import pictures
from .sheet import style

__all__ = ["PICTURES", "save_pictures"]



def _listed(content: Mapping[str, Any]) -> Mapping[str, str | None]:
    """Return the files that ``pictures.json`` lists, with their digests; ValueError for other content."""
    if "hadamac" not in content:
        raise ValueError("This is no list of pictures of hadamac")
    return content["files"]


PICTURES = Marker("pictures.json", _listed)
"""Marker by which a directory of pictures is recognised."""


def _captions(qnet: QuantNetwork) -> dict[str, str]:
    """Return, for every named edge, a short description of the operations before it."""
    out = {"image": ""}
    for op in qnet.stages:
        unnamed = (qnet.stages[s] for s in op.stage.sources if s >= 0 and not qnet.stages[s].stage.edge)
        if op.stage.edge:
            out[op.stage.edge] = ", ".join(step.caption for step in (*unnamed, op))
    return out


def _pictures(qnet: QuantNetwork, values: Mapping[str, np.ndarray],
              words: Mapping[str, np.ndarray]) -> list[pictures.EdgePicture]:
    """Return the data of the pictures of every edge, for one image."""
    out, captions = [], _captions(qnet)
    maps_before = {op.stage.edge: _edge(qnet, op.stage.sources[0]) for op in qnet.of_kind("transform")}
    for edge, fmt in qnet.edges.items():
        s = EdgeSum(edge, fmt)
        s.add(values[edge], words[edge])
        # A spectrum is shown with its dead bins, which the circuit never computes; they come from the float maps.
        maps = values[maps_before[edge]] if edge in maps_before else None
        if maps is not None and 2 * values[edge].shape[-1] > maps.shape[-1]:
            maps = None
        out.append(pictures.EdgePicture.of(s.result(), values[edge][0], words[edge][0],
                                           None if maps is None else maps[0], captions[edge]))
    return out


def _edge(qnet: QuantNetwork, source: int) -> str:
    """Return the name of the output of a stage; -1 is the image."""
    return qnet.stages[source].stage.edge if source >= 0 else "image"


def save_pictures(qnet: QuantNetwork, params: Params, image: np.ndarray, label: int | None,
                  out_dir: str | PathLike[str], classes: Sequence[str] = ()) -> list[Path]:
    """Write pictures of what every stage makes of one image, in float and in fixed point, as PNG files.

    Parameters
    ----------
    qnet : QuantNetwork
    params : mapping of str to real array
        The float parameters from which the network was quantised.
    image : uint8 array (size, size) or (size-4, size-4)
    label : int or None
        The correct class, if it is known.
    out_dir : str or path
        Directory of the pictures, which is made if it does not exist.  Pictures in it are replaced, as
        `hadamac.files.directories` describes.
    classes : sequence of str
        A name for each class, or nothing if the classes have no names.

    Returns
    -------
    list of Path
        ``0_image.png``; one file for every named edge, such as ``spectrum0.png``, ``product0.png``, ``map0.png``;
        ``logits.png``; and ``overview.png``.  The directory also contains ``pictures.json``, which lists these files.

    Raises
    ------
    DataError
        If image, label or parameters do not fit the network, or if the directory cannot be written.
    ToolError
        If matplotlib is not installed.
    """
    network, image = qnet.network, np.asarray(image)
    if image.ndim != 2:
        raise DataError(f"Image must be one image of two dimensions, not of the shape {image.shape}")
    outputs = network.dense.outputs
    if label is not None:
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)) or not 0 <= label < outputs:
            raise DataError(f"Label must be an integer from 0 to {outputs - 1} or None, not {label!r}")
    shown = None if label is None else classes[label] if classes else str(label)
    *path, logits = _pictures(qnet, *traces(qnet, params, as_images(image[None], network.size)))

    logits, out_dir = replace(logits, names=tuple(classes)), Path(out_dir)
    with style():
        make_directory(out_dir.parent)
        check_directory(out_dir, marker=PICTURES)
        contents = {"0_image.png": pictures.image(path[0], shown)}
        contents |= {f"{edge.error.edge}.png": pictures.stage(edge) for edge in path[1:]}
        contents |= {"logits.png": pictures.logits(logits, shown),
                     "overview.png": pictures.overview(path, logits, shown)}
    with atomic_directory(out_dir, marker=PICTURES) as directory:
        for name, content in contents.items():
            (directory / name).write_bytes(content)
        listed = {"hadamac": __version__, "files": {name: digest(content) for name, content in contents.items()}}
        (directory / PICTURES.name).write_text(json.dumps(listed, indent=2) + "\n")
    return [out_dir / name for name in contents]
