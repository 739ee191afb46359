"""What ``Scattering2D(J=2, shape=(24, 24), L=8, max_order=1, pre_pad=True)`` of kymatio 0.3.0 gives.

It drops the outermost pixel of each side of what are 8 x 8 maps.
"""

from __future__ import annotations

import numpy as np

__all__ = ["MAPS", "PIXELS", "POINTS", "SUMS"]

_Y, _X = np.mgrid[:32, :32]
PIXELS = (7 * _Y + 3 * _X + _Y * _X) % 32
"""The image is these over 32."""
MAPS = [0, 1, 4, 9, 13]
POINTS = [0.49627366503543136, 0.08589980468623425, 0.06593989295368467, 0.021005347036035904, 0.01343827162247933]
"""Of these maps, the pixel (2, 3) of those that are left."""
SUMS = [
    17.93539968106632, 2.083290288502798, 2.2461610512866113, 1.9782721805169003, 1.2339551781580775,
    1.8984404460764586, 2.1539904000083596, 2.0291621971046676, 1.8316852624825068, 0.8878318261326875,
    0.9918815340051809, 0.7062188655482903, 0.5517984188242425, 0.660996213091028, 0.9667311611766645,
    0.8081810777438008, 0.7579338300933742,
]  # fmt: skip
"""Of every map, all its pixels."""
