"""Pictures of one image's way through a network, float beside fixed: which are drawn, and where they are written."""

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
from ..network.graph import ANSWERS
from ..ops.base import Params
from ..quantised.comparison import EdgeSum, traces
from ..quantised.network import QuantNetwork
from . import pictures
from .sheet import style

__all__ = ["PICTURES", "save_pictures"]


def _listed(listed: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the checksums of the files that ``pictures.json`` lists; raise ValueError if it is another program's."""
    if "hadamac" not in listed:
        raise ValueError("no list of pictures of hadamac")
    return listed["files"]


PICTURES = Marker("pictures.json", _listed)
"""The marker by which a directory of pictures is known."""


def _captions(qnet: QuantNetwork) -> dict[str, str]:
    """Return for every named edge the words for what was done to come to it."""
    out = {qnet.network.source: ""}
    for op in qnet.stages:
        unnamed = (qnet.stages[s] for s in op.stage.sources if s >= 0 and not qnet.stages[s].stage.edge)
        if op.stage.edge:
            out[op.stage.edge] = ", ".join(step.caption for step in (*unnamed, op))
    return out


def _pictures(qnet: QuantNetwork, values: Mapping[str, np.ndarray],
              words: Mapping[str, np.ndarray]) -> list[pictures.EdgePicture]:
    """Return what is drawn of every edge of one image."""
    out, captions = [], _captions(qnet)
    maps_before = {op.stage.edge: _edge(qnet, op.stage.sources[0]) for op in qnet.of_kind("transform")}
    columns = {op.stage.edge: op.stage.size[1] for op in qnet.stages}
    for edge, fmt in qnet.edges.items():
        s = EdgeSum(edge, fmt)
        s.add(values[edge], words[edge])
        # A spectrum is shown among the dead bins that the circuit never computes, those of its float maps.
        maps = values[maps_before[edge]] if edge in maps_before else None
        whole = maps is None or 2 * values[edge].shape[-1] > maps.shape[-1] or values[edge].shape[-2] == maps.shape[-2]
        maps = None if whole else maps
        out.append(pictures.EdgePicture.of(s.result(), values[edge][0], words[edge][0],
                                           None if maps is None else maps[0], captions[edge], columns.get(edge, 0),
                                           qnet.network.output))
    return out


def _edge(qnet: QuantNetwork, source: int) -> str:
    return qnet.stages[source].stage.edge if source >= 0 else qnet.network.source


def save_pictures(qnet: QuantNetwork, params: Params, image: np.ndarray, label: int | None,
                  out_dir: str | PathLike[str], classes: Sequence[str] = ()) -> list[Path]:
    """Draw every stage of one image's way, float beside fixed, as PNG files.

    Parameters
    ----------
    qnet : QuantNetwork
    params : mapping of str to real array
        The float parameters it was made from.
    image : array
        One image or signal, in a form that :meth:`QuantNetwork.predict` takes for many of them.
    label : int or None
        The right class, if known.
    out_dir : str or path
        The directory, which is made if it does not exist.  Earlier pictures in it are replaced: see
        `hadamac.files.directories`.
    classes : sequence of str
        A name for each class, if they have any.

    Returns
    -------
    list of Path
        ``0_image.png`` or ``0_signal.png``; a picture of every named edge, as ``spectrum0.png``, ``product0.png``,
        ``map0.png``; ``logits.png`` or ``values.png``, if the network answers these; ``overview.png``.  Their list,
        ``pictures.json``, is written into the same directory.

    Raises
    ------
    DataError
        If image, label or parameters do not fit the network, or the directory can't be written.
    ToolError
        If matplotlib is not installed.
    """
    network, image = qnet.network, np.asarray(image)
    if image.ndim > 3:
        raise DataError(f"Image must be one image of two or three dimensions, not of the shape {image.shape}")
    edges = _pictures(qnet, *traces(qnet, params, image[None]))
    if label is not None:
        outputs = network.outputs
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)) or not 0 <= label < outputs:
            raise DataError(f"Label must be an integer from 0 to {outputs - 1} or None, not {label!r}")
    shown = None if label is None else classes[label] if classes else str(label)
    path, last, out_dir = edges, None, Path(out_dir)
    if network.output not in ANSWERS:
        *path, last = edges
        last = replace(last, names=tuple(classes))
    with style():
        make_directory(out_dir.parent)
        check_directory(out_dir, marker=PICTURES)
        contents = {f"0_{network.source}.png": pictures.image(path[0], shown)}
        contents |= {f"{edge.error.edge}.png": pictures.stage(edge) for edge in path[1:]}
        if last is not None:
            contents[f"{last.error.edge}.png"] = pictures.logits(last, shown)
        contents["overview.png"] = pictures.overview(path, last, shown)
    with atomic_directory(out_dir, marker=PICTURES) as directory:
        for name, content in contents.items():
            (directory / name).write_bytes(content)
        listed = {"hadamac": __version__, "files": {name: digest(content) for name, content in contents.items()}}
        (directory / PICTURES.name).write_text(json.dumps(listed, indent=2) + "\n")
    return [out_dir / name for name in contents]
