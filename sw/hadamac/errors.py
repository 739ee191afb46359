"""Family of errors that wrong input raises.

Every message is one line that names the parameter, what is allowed and the value, for example ``Crop size must be an
integer from 1 to 32, not 40``.  The command line prints it after ``hadamac: error:`` and exits with code 2.
"""

from __future__ import annotations

__all__ = ["HadamacError", "DescriptionError", "ArtifactError", "DataError", "ToolError", "FitError",
           "HadamacWarning"]


class HadamacError(ValueError):
    """Base class of all errors that wrong input can cause."""


class HadamacWarning(UserWarning):
    """Warning about something that works, but probably not as the user wants.

    The command line prints it as one line after ``hadamac: warning:``.
    """


class DescriptionError(HadamacError):
    """Error in a description of a network or in a parameter: an unknown layer, an impossible size or a wrong type."""


class ArtifactError(HadamacError):
    """Error in an artifact directory: it is missing, damaged or truncated, or hadamac did not write it."""


class DataError(HadamacError):
    """Error in images, labels, weights or files: a wrong type, shape or value, or a file that cannot be used."""


class FitError(HadamacError):
    """Error raised when a network needs more than the target has."""


class ToolError(HadamacError):
    """Error of a tool or system package: it is missing, or it failed."""
