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
        "(`hadamac.network.liveness`, `hadamac explain`) proves without looking at weights:", "",
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


def _both(floats, words) -> list[str]:
    """Cells of a float and its word each."""
    return [f"{f:.4f} / {w:.4f}" for f, w in zip(floats, words)]


def toy_page(rows: list[dict]) -> str:
    """The thread's toy."""
    by = {r["variant"]: r for r in rows}
    change = {name: {k: f"{c['float']:.3g}" for k, c in r["changes"].items()} for name, r in by.items()}
    kept = 2 * len(rows[0]["float"][0])
    return "\n".join([
        "# The thread's one-dimensional toy", "",
        "Made by `make study`, in floats, in 16-bit words (`SQ(4,12)`, the sigmoid a table of 16 segments) and on the",
        "simulated Verilog of hadamac's own blocks (`Hadamard`, `Normalise`, `Pwl`, `SpectralPool`, `SpectralPad`).",
        "The RTL gave the words of the model, bit for bit, in every case.", "",
        "The toy ([an answer to dsp.stackexchange 76875](https://dsp.stackexchange.com/q/76875)) takes two centred spectra",
        "of nine real bins, -4 to 4, `[3 1 2 1 4 1 2 1 3]` and `[1 3 1 2 1 2 1 3 1]`, through two stages of: product with",
        "a filter, activation, pooling. The activation is a normalisation, `(x - mean(x)) / std(x)`, and a sigmoid of the",
        "real values; `std` divides by n - 1. The filters are a triangle, `[0 .25 .5 .75 1 .75 .5 .25 0]`, and 1 less it.",
        "", "## The code as posted", "",
        "* Pooling does not drop bins, though its comment says *Remove 1 from each side*. It writes zeros to those outside of",
        "  -3 .. 3, then of -2 .. 2, and all stages keep nine bins. So the filters of nine fit, and the second normalisation",
        "  takes mean and deviation of nine bins, of which two are those zeros. It makes them other than zero, and so does the",
        "  sigmoid; the second pooling makes them zero again.",
        "* It does not run: the index `vIdx` of the kept bins is undefined, and the centre is computed but not used. Here it",
        "  is mended to `centerIdx - kernelRadius : centerIdx + kernelRadius`.",
        "* In the second stage signal 1 goes through filter 2, but signal 2 through filter **1** again",
        "  (`vS2F2 = vS2F1 .* vF1`). The text says filter 2 of both.", "",
        "*As posted* is that code, with its index mended; *filter 2 for both* is what the text says. Each of the others",
        "differs from the latter in one thing: *true crop* drops bins, leaving seven and then five, with the filters' middle;",
        "*without normalisation* has the sigmoid alone; *pool before activation* swaps these two steps, so that its outer bins",
        "do not end as zeros: they are what the activation makes of zeros.", "",
        "## Output over input", "",
        "The thread's last figure, `vS1F2 ./ vS1` and `vS2F2 ./ vS2`, at the five bins that are kept: floats / words.", "",
        "![output over input](toy_ratio.png)", "",
        *_table("variant | signal | filters | bin -2 | bin -1 | bin 0 | bin 1 | bin 2 | largest error of a word", (
            (r["variant"], k + 1, f"{r['filters'][k][0]}, {r['filters'][k][1]}",
             *_both(r["ratio"][k], r["ratio_fixed"][k]), f"{r['error'][k]:.1e}") for r in rows for k in range(2))),
        "The answer reads this figure so: were it a linear filter, bin by bin, both signals would have the same ratios, and",
        "they have not. As posted that is no proof, because the two signals go through different filters, and would have",
        "different ratios in a linear system too. With filter 2 for both they still differ, and without normalisation too:",
        "a sigmoid is not linear. That is right, but it is not the question.", "",
        "## Do the discarded bins matter?", "",
        "The question is whether discarding bins in pooling layers is the same as discarding them at the input. So the bins",
        "-3 and 3, which the second pooling discards, or -4 and 4, which the first does, are made zero at the input. Largest",
        "change of a kept output, and how many of the words change. Filter 1 is zero at -4 and 4, so that as posted these",
        "bins never matter, whatever the pooling does; the last two columns are with a filter 1 of 1/4 there.", "",
        *_table("variant | without bins -3, 3 | words | without -4, 4 | words | the same, filter 1 not zero there | words", (
            (r["variant"], *(cell for name in ("3", "4", "4 lifted") for cell in (
                change[r["variant"]][name], f"{r['changes'][name]['words']} of {kept}"))) for r in rows)),
        "* **As posted they matter, but only through the normalisation**: product and sigmoid act on each bin alone, and a",
        "  discarded bin reaches a kept one through a mean and a deviation, two numbers a stage. Discarded bins that change,",
        "  but leave these as they were in both stages, leave the kept outputs as they were: the bins are coupled, not mixed.",
        "  A comment in the thread calls the normalisation merely a subtraction and a division, by scalars. So it is; but the",
        "  scalars hold the discarded bins. The same with filter 2 for both signals, and with a true crop, whose second",
        "  statistics are of seven bins, none of them a zero that pooling made.",
        "* **Without normalisation they do not matter at all**: each kept output is a function of its own bin. The network is",
        "  the one on the low-passed input, and is not linear. So *not linear* and *the discarded bins matter* are two things.",
        "* **With the order swapped**, pooling before activation, which another answer finds in the paper, the bins that",
        "  the *first* pooling discards never matter: they are gone before anything could take them into account. That is the",
        "  thread's \"yes, it is the same as discarding them at the input\". Those that the *second* pooling discards still",
        "  matter, through the mean and the deviation of the first stage, in which they are kept. Without normalisation",
        "  the order makes no difference to the kept bins.",
        "* An activation in space, between transforms, would be another matter: it mixes bins",
        "  ([dependence.md](dependence.md)).", "",
        "A sigmoid of real values is all that the toy needs. It is not odd; of the real and imaginary parts of a real map's",
        "spectrum it would make the map complex, and hadamac refuses it there. `Pwl(real=True)` computes the real part alone.",
        "",
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
