"""Pages on the trained networks of the study, made from measured results."""

from __future__ import annotations

from networks import FASHION, MNIST, Set
from prose import escaped, table, text

__all__ = ["fashion_page", "mnist_page"]


def _intro(data: Set, sentence: str) -> list[str]:
    """Return how the page and its networks were made; the ``sentence`` ends the first paragraph."""
    chosen = "" if data is MNIST else f" SET={data.name}"
    return text(
        f"""This page is made by `make study{chosen}` from the artifacts in `study/{data.artifacts.name}`. `make study
        TRAIN=1{chosen} DATA={data.title.lower()}/` trains them again with seed 1: for 6 epochs with random shifts of
        one pixel if an activation is in space, and for 12 epochs without shifts otherwise. {sentence}""",
        """All networks have two 5x5 convolutions, from 1 to 8 to 16 channels, and a dense layer with 10 outputs.
        32 x 32 pixels are pooled to 16 x 16 and 8 x 8. All convolutions are circular. This includes those of the
        ordinary CNN, whose circuit computes them by transforms like the others.""")


def _tables(data: Set, rows: list[dict], column: str, images: str) -> list[str]:
    """Return the table of all networks, the meaning of its columns, and what liveness proves.

    Parameters
    ----------
    data : Set
    rows : list of dict
        What `trained.measure` returns.
    column, images : str
        Name of the column on the images in the repository, and what these images are.
    """
    def row(r: dict) -> tuple[object, ...]:
        return (r["title"], f"{100 * r['float']:.2f}", f"{100 * r['fixed']:.2f}", f"{r['right']}", f"{r['reals']:,}",
                f"{r['multiplications']:,}", r["multipliers"], f"{r['memory_bits']:,}", f"{r['latency']:,}",
                f"{r['interval']:,.0f}")

    frames = "/".join(map(str, sorted({r["frames"] for r in rows})))
    return [
        *table("column | meaning", (
            ("float, fixed", f"accuracy in per cent on {rows[0]['images']:,} of {data.title}'s 10,000 test images, in "
                             "float and in fixed point (16-bit data, 8-bit weights)"),
            (column, f"correct answers for the {rows[0]['of']} {images}, computed for this page"),
            ("reals", "stored real numbers of all layers"),
            ("multiplications", "multiplications per image, including the transforms"),
            ("latency, interval", "cycles, measured on the simulated Verilog, whose words equalled the prediction "
                                  f"({frames} {'images' if data.classes else 'digits'} each)"),
            ("multipliers, memory bits", "those of that circuit, with the fewest lanes that keep its interval"))),
        *table(f"network | float | fixed | {column} | reals | multiplications | multipliers | memory bits | latency | "
               "interval", map(row, rows)),
        *text("Liveness proves what each output can depend on:"),
        *table("network | `hadamac explain`", ((r["title"], escaped(r["says"])) for r in rows)),
    ]


def mnist_page(rows: list[dict]) -> str:
    """Return the page on MNIST in ten networks."""
    return "\n".join([
        "# MNIST in ten networks", "",
        *_intro(MNIST, """The first row is the network that the package contains (7 epochs, `hadamac train`). The page
                on [Fashion-MNIST](fashion.md) compares the same networks on images of clothes."""),
        *_tables(MNIST, rows, "shipped", "shipped digits"),
        "## What this shows", "",
        *text(
            """* Networks that act on each bin alone (tanh, modReLU, linear) can see only the 7 x 7 input frequencies
            of the second crop, whatever they learn. They are the smallest, the fastest and the least accurate. The
            network on the low-passed input tells how much of this is due to the missing frequencies, and how much to
            the fact that a function of single bins cannot do what a function of pixels can. With the same 7 x 7
            bins, a ReLU in space regains most of the accuracy. **What is missing is the mixing of bins, not the high
            frequencies.**""",
            """* "Crop, then ReLU" is a function of 15 x 15 input bins, and is as accurate as the network on the
            low-passed input: for it, both inputs are the same. "ReLU, then crop" sees everything and costs four
            times the cycles. On these digits, it gains nothing that a quadratic after the crop does not gain as
            well.""",
            """* Normalisation before the crop lets the discarded bins act through two scalars per channel. In that
            network, it is the only operation before the crop that couples bins. It adds about two thirds of the gain
            that the tanh alone brings over a linear network."""),
    ])


def _compared(rows: list[dict], mnist: list[dict], beyond: dict[str, dict[str, float]]) -> list[str]:
    """Return the accuracies beside those of MNIST, and the energy of both kinds of images."""
    def below(r: dict, every: list[dict]) -> str:
        return f"{100 * (_named(every, 'relu-crop')['fixed'] - r['fixed']):.2f}"

    return [
        "## Compared with MNIST", "",
        *text("""The accuracies are those in fixed point, in per cent. The columns *below* contain the points by which a
              network is less accurate than "ReLU, then crop", which sees all frequencies."""),
        *table("network | MNIST | below | Fashion-MNIST | below", (
            (r["title"], f"{100 * m['fixed']:.2f}", below(m, mnist), f"{100 * r['fixed']:.2f}", below(r, rows))
            for r, m in zip(rows, mnist, strict=True))),
        *text("""Each network was trained once. On the same test images, the accuracies of two of the better networks
              may differ by 0.2 points for MNIST, and by 0.5 points for Fashion-MNIST, by chance alone (two standard
              deviations). The choice of the seed adds to that."""),
        *text("""The images have different spectra, too. The columns contain the share of an image's energy, without its
              mean, that the low-pass filters remove: the average of the shipped digits, and that of the samples."""),
        *table("images | beyond 7x7 bins | beyond 15x15 bins", (
            (title, *(f"{100 * share[most]:.0f} %" for most in ("3", "7"))) for title, share in beyond.items())),
    ]


def _named(rows: list[dict], name: str) -> dict:
    """Return the row of a network."""
    return next(r for r in rows if r["name"] == name)


def fashion_page(result: dict, mnist: list[dict]) -> str:
    """Return the page on Fashion-MNIST in ten networks, which compares them with the rows of MNIST."""
    rows = result["rows"]

    def points(better: str, worse: str, every: list[dict] = rows) -> float:
        return 100 * (_named(every, better)["fixed"] - _named(every, worse)["fixed"])

    def regained(every: list[dict]) -> float:
        """Return how much of what the tanh of bins lacks a ReLU in space regains with the same 7 x 7 bins."""
        return 100 * points("low-pass-7", "tanh", every) / points("relu-crop", "tanh", every)

    def more_wrong(every: list[dict]) -> float:
        """Return by how many per cent wrong answers increase if 7 x 7 instead of 15 x 15 bins of the input are left."""
        fewer = 1 - _named(every, "low-pass-15")["fixed"]
        return points("low-pass-15", "low-pass-7", every) / fewer

    def lost(every: list[dict]) -> float:
        return 100 * max(r["float"] - r["fixed"] for r in every)

    return "\n".join([
        "# Fashion-MNIST in ten networks", "",
        *_intro(FASHION, """The first row is trained for 7 epochs. Layers, epochs, shifts and seed are those of
                [MNIST](mnist.md), so that only the images differ."""),
        *_tables(FASHION, rows, "samples", "samples of each artifact, which are the first test images"),
        *_compared(rows, mnist, result["beyond"]),
        "## What this shows", "",
        *text(
            f"""* **Networks that act on each bin alone are the least accurate here, too.** Their order is that of
            MNIST, although tanh and modReLU differ by no more than chance. A ReLU in space with the same 7 x 7 bins of
            the input regains {regained(rows):.0f} % of the points that the tanh of bins is below "ReLU, then crop"; for
            MNIST, it regains {regained(mnist):.0f} %. The mixing of bins is therefore still the larger part of what is
            missing, but the high frequencies are no longer a small one.""",
            f"""* **"Crop, then ReLU" and the network on the input of 15 x 15 bins are equally accurate**, as they must
            be, because both see the same bins. They differ by {points("crop-relu", "low-pass-15"):.2f} points.""",
            f"""* **"ReLU, then crop" gains {points("relu-crop", "crop-relu"):.2f} points over "crop, then ReLU".** For
            MNIST the gain is {points("relu-crop", "mnist-32", mnist):.2f} points, which is within chance. The quadratic
            after the crop does not gain this. It is {points("crop-relu", "quadratic"):.2f} points less accurate than
            the ReLU after the crop, which is hardly more than chance, while it is as good as any network for MNIST.
            The ordinary CNN has the greatest accuracy, but is not better than "ReLU, then crop" by more than chance.
            Both cost four times the cycles, which buy accuracy for clothes. The table does not tell whether this is
            due to the frequencies beyond 15 x 15 bins, or to the finer grid on which the ReLU acts.""",
            f"""* **Which frequencies matter?** Clothes are large areas, so that the lowest 7 x 7 bins contain more of
            their energy than of that of digits, which are thin strokes. The answers follow the energy:
            with only 7 x 7 instead of 15 x 15 bins, there are {more_wrong(rows):.0f} % more wrong answers, and
            {more_wrong(mnist):.0f} % more for MNIST. In points, the frequencies matter more for clothes, because
            many more answers are wrong: from 7 x 7 to 15 x 15 bins, the accuracy rises by
            {points("low-pass-15", "low-pass-7"):.2f} points, and by {points("low-pass-15", "low-pass-7", mnist):.2f}
            points for MNIST.""",
            f"""* Normalisation before the crop lets the discarded bins act through two scalars per channel. It adds
            {points("normalise-tanh", "tanh"):.2f} points to the tanh of bins, which is
            {100 * points("normalise-tanh", "tanh") / points("tanh", "linear"):.0f} % of the gain that the tanh alone
            brings over a linear network. For MNIST it adds
            {100 * points("normalise-tanh", "tanh", mnist) / points("tanh", "linear", mnist):.0f} %.""",
            f"""* Fixed point costs little: no network loses more than {lost(rows):.2f} points, and
            {lost(mnist):.2f} points for MNIST."""),
    ])
