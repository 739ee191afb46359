"""Pages of the study, made from measured results, except those of trained networks (`network_pages`)."""

from __future__ import annotations

from collections.abc import Sequence

import dependence
from prose import escaped, table, text

__all__ = ["dependence_page", "pooling_page", "toy_page"]

QUESTION = "https://dsp.stackexchange.com/questions/76875"
"""Public discussion that asked whether the discarded frequencies matter."""


def pooling_page(result: dict) -> str:
    """Return the page on the information that pooling keeps, and on shifts and realness."""
    lines = [
        "# What spectral pooling keeps", "",
        *text(
            """This page is made by `make study`. The photograph is matplotlib's sample picture, in grey with 256 x
            256 pixels. The digits are the 500 that hadamac ships, with 32 x 32 pixels."""),
        "## Information", "",
        *text(
            """An image is reduced to M x M numbers and rebuilt from them. Spectral pooling rebuilds it by padding
            its bins with zeros. Max pooling rebuilds it by repeating each maximum over its tile. The mean of each
            tile is shown for comparison. The columns contain the relative L2 error."""),
        "![error over the fraction kept](information.png)", "",
        "| images | M | kept | spectral | mean | max |", "|---|---|---|---|---|---|",
    ]
    for name, rows in result["information"].items():
        lines += [f"| {name} | {r['size']} | {100 * r['kept']:.2f} % | {r['spectral']:.3f} | {r['mean']:.3f} | "
                  f"{r['max']:.3f} |" for r in rows]
    lines += [
        "", "![the photograph at equal sizes](equal_size.png)", "",
        "## Nyquist rules", "",
        *text(
            """For an even M there is a bin at -M/2 that M samples cannot distinguish from +M/2, so pooling needs a
            rule for it (`hadamac.model.pool`).""",
            """* *imaginary* is the share of the output's energy that is in its imaginary part. It should be zero.""",
            """* *shift* is measured by moving the image by one sample along both axes. The pooled image should then
            move by M/256 of a sample; the column contains the relative difference from that."""),
        "| M | rule | imaginary | shift |", "|---|---|---|---|",
    ]
    for r in result["equivariance"]:
        small = ["0" if r[name] < 1e-12 else f"{r[name]:.1e}" for name in ("imaginary", "shift")]
        lines.append(f"| {r['size']} | {r['rule']} | {' | '.join(small)} |")
    lines += ["", *text(
        """Only the rule `zero` (or an odd M) gives a real result that commutes with every shift. This is why the
        circuits use it by default. Max pooling is real, and commutes with shifts by whole tiles only.""")]
    return "\n".join(lines)


def dependence_page(result: dict) -> str:
    """Return the page on whether the discarded bins matter."""
    return "\n".join([
        "# Do the frequencies that a crop discards matter?", "",
        *text(
            f"""This page is made by `make study`. In a network that stays in the frequency domain, the high frequencies
            that pooling discards seem never to matter. Is pooling then the same as a low-pass filter at the input?
            ([dsp.stackexchange 76875]({QUESTION}) asked this question.)""",
            f"""The table shows small networks, which are not pruned, with an input of {dependence.N} x {dependence.N},
            5 x 5 convolutions with {dependence.CHANNELS} channels, random kernels without mean, a crop to
            {dependence.M} x {dependence.M}, {dependence.OUTPUTS} outputs, {dependence.IMAGES} images of noise, and seed
            {result['seed']}.""",
            """* *change* is the relative change of the outputs in floats when all discarded bins of an image are
            replaced by those of another image.""",
            """* *words* is the number of outputs of the quantised network that change.""",
            f"""* *rank* is the rank of the Jacobian of the float outputs with respect to the discarded bins, which are
            {result['rows'][0]['inputs']} real numbers. It is the number of values through which they act.""",
            """* *liveness* is what `hadamac.network.liveness` and `hadamac explain` prove without looking at the
            weights."""),
        *table("network | change | words | rank | liveness", (
            (r["network"], f"{r['change']:.3g}", f"{r['words']} of {dependence.OUTPUTS * dependence.IMAGES}", r["rank"],
             escaped(r["says"])) for r in result["rows"])),
        *text(
            "Both answers in the discussion are therefore right, but about different networks.",
            """* The discarded bins do nothing if everything before the crop acts on each bin alone: products,
            activations of real and imaginary parts, and statistics that are taken after the crop. The network is
            then a function of the low-passed input, however non-linear it is and whatever its filters have
            learned.""",
            """* If statistics are taken at run time before the crop, the discarded bins act through two numbers per
            channel only: a mean and a deviation.""",
            """* An activation in space before the crop mixes bins, so that the discarded bins matter fully. After
            the crop, it mixes only the bins that the crop has left."""),
    ])


def _both(floats: Sequence[float], words: Sequence[float]) -> list[str]:
    """Return cells that contain a float and the value of its word."""
    return [f"{f:.4f} / {w:.4f}" for f, w in zip(floats, words)]


def toy_page(rows: list[dict]) -> str:
    """Return the page on the toy network of the discussion."""
    by = {r["variant"]: r for r in rows}
    change = {name: {k: f"{c['float']:.3g}" for k, c in r["changes"].items()} for name, r in by.items()}
    kept = 2 * len(rows[0]["float"][0])
    return "\n".join([
        "# The one-dimensional toy network of the discussion", "",
        *text(
            """This page is made by `make study`. The toy network is computed in floats, in 16-bit words (`SQ(4,12)`,
            with the sigmoid as a table of 16 segments), and on the simulated Verilog of hadamac's own blocks
            (`Hadamard`, `Normalise`, `Pwl`, `SpectralPool`, `SpectralPad`). The RTL gave the words of the model, bit
            for bit, in every case.""",
            """The toy network comes from [an answer in the discussion](https://dsp.stackexchange.com/q/76875). It
            takes two centred spectra of nine real bins, -4 to 4: `[3 1 2 1 4 1 2 1 3]` and `[1 3 1 2 1 2 1 3 1]`.
            Each goes through two stages of product with a filter, activation, and pooling. The activation is a
            normalisation, `(x - mean(x)) / std(x)`, followed by a sigmoid of the real values; `std` has the divisor
            n - 1. The filters are a triangle, `[0 .25 .5 .75 1 .75 .5 .25 0]`, and 1 minus this triangle."""),
        "## The code as posted", "",
        *text(
            """* The comment on the pooling says *Remove 1 from each side*, but the code does not drop bins. It
            writes zeros to those outside -3 .. 3 and then to those outside -2 .. 2, and all stages keep nine bins.
            This is why filters with nine values fit. The second normalisation takes the mean and the deviation of
            nine bins, two of which are these zeros. The normalisation and the sigmoid turn the zeros into other
            values, and the second pooling sets them to zero again.""",
            """* The code does not run: the index `vIdx` of the kept bins is undefined, and the centre is computed
            but not used. Here, it is corrected to `centerIdx - kernelRadius : centerIdx + kernelRadius`.""",
            """* In the second stage, signal 1 goes through filter 2, but signal 2 goes through filter **1** again
            (`vS2F2 = vS2F1 .* vF1`). The text says filter 2 for both.""",
            """In the tables, *as posted* is that code with the corrected index, and *filter 2 for both* is what the
            text says. Each of the other variants differs from the latter in one respect:""",
            """* *true crop* drops bins, so that seven and then five are left, and uses the middle of the filters;""",
            """* *without normalisation* has only the sigmoid;""",
            """* *pool before activation* swaps activation and pooling. Its outer bins do not end as zeros, but as
            the values that the activation makes of zeros."""),
        "## Output over input", "",
        *text(
            """The last figure in the discussion shows `vS1F2 ./ vS1` and `vS2F2 ./ vS2` at the five bins that are
            kept. Each cell contains this ratio in floats / in words."""),
        "![output over input](toy_ratio.png)", "",
        *table("variant | signal | filters | bin -2 | bin -1 | bin 0 | bin 1 | bin 2 | largest error of a word", (
            (r["variant"], k + 1, f"{r['filters'][k][0]}, {r['filters'][k][1]}",
             *_both(r["ratio"][k], r["ratio_fixed"][k]), f"{r['error'][k]:.1e}") for r in rows for k in range(2))),
        *text(
            """The answer interprets this figure as follows: a linear filter would have the same ratio for both
            signals at each bin, and these ratios differ. As posted, this proves nothing, because the two signals go
            through different filters and would have different ratios in a linear system too. With filter 2 for both
            signals, the ratios still differ, even without normalisation, because a sigmoid is not linear. The
            conclusion is right, but it does not answer the question."""),
        "## Do the discarded bins matter?", "",
        *text(
            """The question is whether discarding bins in pooling layers is the same as discarding them at the input.
            To answer it, the bins -3 and 3, which the second pooling discards, or the bins -4 and 4, which the first
            pooling discards, are set to zero at the input. The table shows the largest change of a kept output, and
            how many of the words change. Filter 1 is zero at -4 and 4, so that these bins never matter as posted,
            whatever the pooling does. In the last two columns, filter 1 is 1/4 there instead."""),
        *table("variant | without bins -3, 3 | words | without bins -4, 4 | words | "
                "without bins -4, 4, filter 1 not zero there | words", (
            (r["variant"], *(cell for name in ("3", "4", "4 lifted") for cell in (
                change[r["variant"]][name], f"{r['changes'][name]['words']} of {kept}"))) for r in rows)),
        *text(
            """* **As posted, they matter, but only through the normalisation.** Product and sigmoid act on each bin
            alone. A discarded bin reaches a kept bin through a mean and a deviation, which are two numbers per
            stage. If discarded bins change but leave these numbers as they were in both stages, the kept outputs do
            not change: the bins are coupled, not mixed. A comment in the discussion calls the normalisation merely a
            subtraction and a division by scalars. This is right, but the scalars depend on the discarded bins. The
            same holds with filter 2 for both signals. It also holds with a true crop, whose second statistics are
            taken over seven bins, none of which is a zero that pooling has made.""",
            """* **Without normalisation, they do not matter at all.** Each kept output is a function of its own bin.
            The network equals the same network on the low-passed input, and yet it is not linear. *Not linear* and
            *the discarded bins matter* are therefore two different statements.""",
            """* **With pooling before the activation**, which another answer finds in the paper, the bins that the
            *first* pooling discards never matter, because they are gone before anything could use them. This is the
            "yes, it is the same as discarding them at the input" of the discussion. The bins that the *second*
            pooling discards still matter, through the mean and the deviation of the first stage, in which they are
            kept. Without normalisation, the order makes no difference to the kept bins.""",
            """* An activation in space, between transforms, would be different: it mixes bins
            ([dependence.md](dependence.md)).""",
            """A sigmoid of real values is all that the toy network needs. The sigmoid is not an odd function.
            Applied to the real and imaginary parts of the spectrum of a real map, it would make the map complex, so
            hadamac refuses it there. `Pwl(real=True)` computes the real part alone."""),
    ])
