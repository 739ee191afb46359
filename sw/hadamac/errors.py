"""The one family of errors that bad input raises.

Every message is one line of the form *what, the value, what is allowed*, for example
``Crop size must be an integer from 1 to 32, not 40``.  The command line prints it after
``hadamac: error:`` and exits with code 2.
"""

from __future__ import annotations

__all__ = ["HadamacError", "DescriptionError", "ArtifactError", "DataError", "ToolError", "FitError",
           "HadamacWarning"]


class HadamacError(ValueError):
    """Base of every error that input from outside can cause."""


class HadamacWarning(UserWarning):
    """What works, but hardly as its user wants; the command line prints it as one line after ``hadamac: warning:``."""


class DescriptionError(HadamacError):
    """A network description names an unknown layer, an impossible size or a wrong type."""


class ArtifactError(HadamacError):
    """An artifact directory is missing, damaged, truncated or foreign."""


class DataError(HadamacError):
    """Images, labels or weights have a wrong type, shape or value."""


class FitError(HadamacError):
    """A network needs more than the target has."""


class ToolError(HadamacError):
    """A tool or system package is missing, or a tool failed."""
