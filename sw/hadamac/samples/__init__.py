"""Samples of a user, in files or arrays, and the frames that a network takes.

`read_samples` reads files, `as_frames` makes frames of words in the network's shape and `InputFormat`, and each says
in words what it has understood.  Nothing is guessed: what can be understood in two ways is refused, or the sentence
names the other way.
"""

from .files import Samples, read_samples
from .formats import InputFormat
from .frames import as_frames

__all__ = ["InputFormat", "Samples", "as_frames", "read_samples"]
