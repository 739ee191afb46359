"""The study's pages, from measured results."""

from __future__ import annotations

import dependence

__all__ = ["dependence_page", "pooling_page", "toy_page"]


def pooling_page(result: dict) -> str:
    """Information kept, and how shifts and realness fare."""
    lines = [
        "# What spectral pooling keeps", "",
        "Made by `make study`. The photograph is matplotlib's sample picture, 256 x 256 in grey; the digits are the",
        "500 that hadamac ships, 32 x 32.", "",
        "## Information", "",
        "An image is reduced to M x M numbers and rebuilt: spectral pooling by padding its bins with zeros, max",
        "pooling by repeating each maximum over its tile, the mean of each tile for comparison. Relative L2 error:", "",
        "![error over the fraction kept](information.png)", "",
        "| images | M | kept | spectral | mean | max |", "|---|---|---|---|---|---|",
    ]
    for name, rows in result["information"].items():
        lines += [f"| {name} | {r['size']} | {100 * r['kept']:.2f} % | {r['spectral']:.3f} | {r['mean']:.3f} | "
                  f"{r['max']:.3f} |" for r in rows]
    lines += [
        "", "![the photograph at equal sizes](equal_size.png)", "",
        "## Nyquist rules", "",
        "An even M has a bin -M/2 that M samples cannot tell from +M/2 (`hadamac.model.pool`). `imaginary`: the share",
        "of the output's energy that is in its imaginary part, which should be none. `shift`: the image moves by one",
        "sample along both axes, so its pooled version should move by M/256 of one; the relative difference from",
        "that.", "",
        "| M | rule | imaginary | shift |", "|---|---|---|---|",
    ]
    for r in result["equivariance"]:
        small = ["0" if r[name] < 1e-12 else f"{r[name]:.1e}" for name in ("imaginary", "shift")]
        lines.append(f"| {r['size']} | {r['rule']} | {' | '.join(small)} |")
    lines += ["", "Only `zero` (and an odd M) is real and commutes with every shift; for that reason it is the rule of",
              "the circuits. Max pooling is real and commutes with shifts by whole tiles only.", ""]
    return "\n".join(lines)


def dependence_page(result: dict) -> str:
    """Do the discarded bins matter?"""
    lines = [
        "# Do the frequencies that a crop discards matter?", "",
        "Made by `make study`. The question: in a network that stays in the frequency domain, the high frequencies",
        "that pooling discards seem never to matter; is that the same as low-passing the input?",
        "([dsp.stackexchange 76875](https://dsp.stackexchange.com/questions/76875))", "",
        f"Small networks, {dependence.N} x {dependence.N} input, 5 x 5 convolutions of {dependence.CHANNELS} channels, random kernels",
        f"without mean, a crop to {dependence.M} x {dependence.M}, {dependence.OUTPUTS} outputs, {dependence.IMAGES} images of noise, seed {result['seed']}; not pruned.",
        "`change`: relative change of the outputs in floats when all discarded bins of an image are replaced by another",
        "image's. `words`: how many of the outputs of the quantised network change. `rank`: of the float output's Jacobian",
        f"by the discarded bins, {result['rows'][0]['inputs']} real numbers: through how many numbers they act. Beside it, what liveness",
        "(`hadamac.liveness`, `hadamac explain`) proves without looking at weights:", "",
        *_table("network | change | words | rank | liveness", (
            (r["network"], f"{r['change']:.3g}", f"{r['words']} of {dependence.OUTPUTS * dependence.IMAGES}", r["rank"],
             r["says"].replace("|", "\\|")) for r in result["rows"])),
    ]
    lines += [
        "So both answers of the thread are right about different networks.", "",
        "* If everything before the crop acts on each bin alone (products, activations of real and imaginary parts,",
        "  statistics taken after the crop), the discarded bins do nothing: the network is a function of the",
        "  low-passed input, however non-linear it is and whatever its filters learned.",
        "* Run-time statistics taken before the crop let them in, through two numbers a channel only: a mean and a",
        "  deviation.",
        "* An activation in space before the crop mixes bins, and then they matter fully; after the crop it mixes only",
        "  what the crop left.", "",
    ]
    return "\n".join(lines)


def _numbers(values) -> str:
    return ", ".join(f"{v:.3f}" for v in values)


def _table(head: str, rows) -> list[str]:
    """A Markdown table of rows of cells."""
    names = head.split(" | ")
    return [f"| {head} |", "|" + "---|" * len(names), *(f"| {' | '.join(map(str, row))} |" for row in rows), ""]


def toy_page(rows: list[dict], entry) -> str:
    """The thread's toy."""
    posted, twice = (next(r for r in rows if r["filters"] == filters) for filters in ([1, 2], [1, 1]))
    mixed = (a / b for a, b in zip(posted["float"][0], twice["float"][1]))
    return "\n".join([
        "# The thread's one-dimensional toy", "",
        "Made by `make study`, in floats, in 16-bit words (`SQ(4,12)`) and on the simulated Verilog of hadamac's own",
        "blocks (`Hadamard`, `Normalise`, `Pwl`, `SpectralPool`). The RTL gave the words of the model in every case.", "",
        "The toy ([an answer to dsp.stackexchange 76875](https://dsp.stackexchange.com/q/76875)) takes two spectra of",
        "nine bins, `[3 1 2 1 4 1 2 1 3]` and `[1 3 1 2 1 2 1 3 1]`, DC in the middle, through two stages of: product",
        "with a triangular filter (`[0 .25 .5 .75 1 .75 .5 .25 0]`, then its complement), normalisation by mean and",
        "standard deviation, sigmoid, crop by one bin on each side. If all of it were linear, bin by bin, the two signals",
        "would keep their ratios.", "",
        "![signal 1 over signal 2](toy_ratio.png)", "",
        *_table("variant | bins 0, 1, 2 of signal 1 | of signal 2 | ratio | largest error of the words", (
            (f"{r['variant']} (filters {r['filters'][0]}, {r['filters'][1]})", _numbers(r["float"][0]),
             _numbers(r["float"][1]), _numbers(r["ratio"]), f"{r['error']:.1e}") for r in rows)),
        f"At entry the ratios are {_numbers(entry[:3])}. They change in every variant, because a sigmoid is not linear:",
        "the answer's first point. But that is not the question. Whether the *discarded* bins matter is seen by exchanging",
        "them between the signals: bin 3 (dropped by the second crop) or bin 4 (by the first) of one signal for the",
        "other's:", "",
        *_table("variant | largest change by bin 3 | words changed | by bin 4 | words changed", (
            (r["variant"], f"{r['second']:.3g}", f"{r['second_words']} of 6", f"{r['first']:.3g}",
             f"{r['first_words']} of 6") for r in rows)),
        "* With normalisation, bin 3 acts on what is kept, through a mean and a deviation only. Without it, it does",
        "  nothing: the sigmoid acts on each bin alone.",
        "* With the crop before normalisation, bin 3 still acts, in the first stage, where it is not yet dropped.",
        "* Bin 4 never acts: the first filter is zero there.", "",
        "## The code as posted", "",
        "* Behind the first crop seven bins are left, and the filters have nine: their product is not defined without",
        "  a choice of seven of the nine, for which the code as posted has no defined index. Here: the middle ones.",
        "* At the first stage both signals go through filter 1, as the names `vS1F1` and `vS2F1` say. Of the second stage",
        "  the text that could be read for this study ends too early to check which filter signal 2 met; so both",
        f"  possibilities are in the table. Had it alone met filter 1 again, the ratios would be {_numbers(mixed)}.",
        "  The conclusion, which compares a signal with itself, is the same for all.",
        "* A sigmoid of the imaginary part would make these spectra's maps complex (it is not odd); it went unnoticed",
        "  because these spectra are real. `Pwl(real=True)` computes the real part alone.", "",
    ])


def mnist_page(rows: list[dict]) -> str:
    """Ten networks."""
    def row(r):
        return (r["title"], f"{100 * r['float']:.2f}", f"{100 * r['fixed']:.2f}", f"{r['digits']}", f"{r['reals']:,}",
                f"{r['multiplications']:,}", r["multipliers"], f"{r['memory_bits']:,}", f"{r['latency']:,}",
                f"{r['interval']:,.0f}")

    frames = {r["frames"] for r in rows}
    return "\n".join([
        "# MNIST in ten networks", "",
        "Made by `make study` from the artifacts in `study/artifacts`; `make study TRAIN=1 DATA=mnist/` trains them again",
        "(seed 1; 6 epochs with random shifts of a pixel where an activation stands in space, 12 without shifts where",
        "none does). The first row is the network that comes with the package (7 epochs, `hadamac train`). All have two",
        "convolutions 5x5, 1 to 8 to 16 channels, and a dense layer to 10; 32 x 32 pixels are pooled to 16 x 16 and 8 x 8.",
        "All convolutions are circular, those of the ordinary CNN too, whose circuit makes them by transforms like the",
        "others.", "",
        f"*float*, *fixed*: right of {rows[0]['images']:,} of MNIST's 10,000 test images, per cent (16-bit data, 8-bit weights). *shipped*:",
        f"right of the {rows[0]['of']} shipped digits, replayed now. *reals*: stored, all layers. *multiplications*: an",
        "image, transforms included. *latency*, *interval*: cycles, measured on the simulated Verilog, whose words were",
        f"those of the prediction ({'/'.join(map(str, sorted(frames)))} digits each); *multipliers* and *memory* are those",
        "of that circuit, with the fewest lanes that keep its interval.", "",
        *_table("network | float | fixed | shipped | reals | multiplications | multipliers | memory bits | latency | "
                "interval", map(row, rows)),
        "What each output can depend on, says liveness:", "",
        *_table("network | `hadamac explain`", ((r["title"], r["says"].replace("|", "\\|")) for r in rows)),
        "## What it says", "",
        "* Networks that act on each bin alone (tanh, modReLU, linear) see 7 x 7 input frequencies, the second crop's,",
        "  whatever they learn. They are the smallest and fastest, and the worst. How much of that is the loss of",
        "  frequencies, and how much that a function of single bins cannot do what one of pixels can, is told by the",
        "  low-passed network: given the same 7 x 7 bins, a ReLU in space gets most of the accuracy back. **What is",
        "  missing is the mixing of bins, not the high frequencies.**",
        "* Crop, then ReLU is a function of 15 x 15 input bins, and gets what the network on the low-passed input gets:",
        "  to it the two are the same. ReLU, then crop sees everything, costs four times the cycles, and gains nothing",
        "  on these digits that a quadratic behind the crop would not.",
        "* Normalisation before the crop lets the discarded bins in through two scalars a channel; as the only thing",
        "  there that couples bins, it is worth as much again as two thirds of what the tanh gains over a linear network.",
        "",
    ])
