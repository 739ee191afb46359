"""Two thousand hostile inputs: each is met by one line and exit code 2, or by nothing worse than a result."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support import hostile
from support.fuzz import LIMIT_S, MEMORY, fuzz
from support.seeds import rng

_PROGRAM = """
import resource, sys
from hadamac_cli.main import main
held = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize")) * 1024
resource.setrlimit(resource.RLIMIT_AS, (held + int(sys.argv.pop(1)),) * 2)
main()
"""


def test_hostile_input():
    codes = fuzz(rng("hostile"), 2000)
    print(f"exit codes: {codes}")
    assert codes.get(2, 0) > 1000


@pytest.mark.parametrize("k", range(10))
def test_hostile_input_in_a_gigabyte(tmp_path, k):
    """As a process of its own that may take no more than a gigabyte beside what it is."""
    arguments = hostile.call(rng("hostile process", k), tmp_path)
    done = subprocess.run([sys.executable, "-c", _PROGRAM, str(MEMORY), *arguments], capture_output=True, text=True,
                          timeout=3 * LIMIT_S, stdin=subprocess.DEVNULL)
    assert done.returncode in (0, 2) and "Traceback" not in done.stderr, f"hadamac {arguments}: {done.stderr}"
    if done.returncode == 2:
        assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("hadamac: error: ")
