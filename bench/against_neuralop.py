"""The network ``darcy-16`` beside neuraloperator's FNO on Darcy flow: errors, costs of words, and fields per second.

Run ``python -m bench.against_neuralop darcy.npz`` in the root of the repository; examples/darcy_fields.py says what is
in the file.  Errors are relative L2 errors, the mean over the test fields.  The FNO is that of the package
neuraloperator 2.0.0, trained by the recipe of its own example for Darcy flow: AdamW with the rate 5e-3, halved every 60
of 300 epochs, weight decay 1e-4, batches of 16, the H1 loss, and inputs and outputs of mean 0 and deviation 1.

``--widths`` measures words of 8 to 16 bits instead, ``--speed MHZ`` fields per second at a clock, and ``--picture``
draws a test field.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from examples.darcy_fields import fields

from hadamac.cost.estimate import estimate, plan
from hadamac.errors import DataError, HadamacError, ToolError
from hadamac.quantised.artifact import Artifact, load
from hadamac.quantised.grid import on_grid, resampled
from hadamac.quantised.quantise import quantise
from hadamac.quantised.reference import forward

__all__ = ["relative_errors"]

Fields = dict[str, tuple[np.ndarray, np.ndarray]]
"""Permeability and pressure (n, 1, N, N) of each part."""
CALIBRATION = 50
"""Training fields that number formats are calibrated on."""
GRIDS = 16, 32
"""Rows of the grids of the test fields."""


def relative_errors(answers: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the relative L2 error of each of n answers."""
    n = len(wanted)
    difference = (answers - wanted).reshape(n, -1)
    return np.linalg.norm(difference, axis=1) / np.linalg.norm(wanted.reshape(n, -1), axis=1)


def _on(artifact: Artifact, grid: int, data: Fields) -> Artifact:
    """Return an artifact on a grid, calibrated on training fields."""
    return on_grid(artifact, grid, resampled(data["train"][0][:CALIBRATION], (grid, grid)))


def _ours(artifact: Artifact, data: Fields) -> None:
    """Print the errors of an artifact in float and in fixed point."""
    count = sum(int(np.prod(shape)) for shape in artifact.qnet.network.parameters.values())
    print(f"{artifact.qnet.network.name}: {count} parameters")
    for grid in GRIDS:
        there, (x, y) = _on(artifact, grid, data), data[f"test{grid}"]
        exact = relative_errors(forward(there.qnet.network, artifact.params, x), y).mean()
        fixed = relative_errors(there.predict(x).values, y).mean()
        print(f"  {grid}x{grid}: float {exact:.4f}, fixed {fixed:.4f} ({100 * (fixed / exact - 1):+.2f} %)", flush=True)


def _widths(artifact: Artifact, data: Fields) -> None:
    """Print what words and weights of fewer bits cost."""
    grids = []
    for grid in GRIDS:
        network, (x, y) = _on(artifact, grid, data).qnet.network, data[f"test{grid}"]
        calibration = resampled(data["train"][0][:CALIBRATION], (grid, grid))
        grids.append((network, calibration, x, y, forward(network, artifact.params, x)))
    print("| words | weights | error on 16x16 | from float | error on 32x32 | from float |\n|---|---|---|---|---|---|")
    for width, bits in [*((width, 9) for width in range(16, 7, -1)), *((16, bits) for bits in (16, 12, 8, 7, 6, 5, 4))]:
        formats, cells = replace(artifact.qnet.formats, width=width, weight_width=bits), []
        for network, calibration, x, y, exact in grids:
            answer = quantise(network, artifact.params, calibration, formats).predict(x).values
            cells += [relative_errors(answer, wanted).mean() for wanted in (y, exact)]
        print(f"| {width} | {bits} | " + " | ".join(f"{100 * cell:.2f} %" for cell in cells) + " |", flush=True)


def _picture(artifact: Artifact, data: Fields, path: Path, index: int = 3) -> None:
    """Draw a test field on both grids: permeability, pressure, the answers in float and in words, and their error."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.4), layout="constrained")
    axes = figure.subplots(len(GRIDS), 5)
    for row, grid in zip(axes, GRIDS):
        there, (x, y) = _on(artifact, grid, data), data[f"test{grid}"]
        x, y = x[index : index + 1], y[index : index + 1]
        exact, fixed = forward(there.qnet.network, artifact.params, x), there.predict(x).values
        error = relative_errors(fixed, y)[0]
        shown = {f"permeability, {grid}x{grid}": x, "pressure": y, "float": exact, "fixed point": fixed,
                 f"fixed - pressure ({100 * error:.1f} %)": fixed - y}
        for k, (ax, (title, field)) in enumerate(zip(row, shown.items())):
            most = y.max()
            low, high, colours = ((0, 1, "Greys"), *[(0, most, "viridis")] * 3, (-most / 4, most / 4, "RdBu_r"))[k]
            drawn = ax.imshow(field[0, 0], cmap=colours, vmin=low, vmax=high)
            ax.set_title(title, fontsize=9)
            ax.set_xticks([])
            ax.set_yticks([])
            if k in (3, 4):
                figure.colorbar(drawn, ax=ax, shrink=0.8)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    print(f"Wrote {path}")


def _torch() -> tuple[Any, Any]:
    """Return torch and the class FNO; ToolError names what is not installed."""
    try:
        import torch
        from neuralop.models import FNO
    except ModuleNotFoundError as e:
        raise ToolError(f"{e.name} is not installed: run `pip install torch neuraloperator==2.0.0`") from None
    torch.set_num_threads(1)
    return torch, FNO


def _operator(seed: int) -> tuple[Any, Any]:
    """Return torch and an FNO of the size of darcy-16, with random weights."""
    torch, cls = _torch()
    torch.manual_seed(seed)
    return torch, cls(n_modes=(8, 8), hidden_channels=16, in_channels=1, out_channels=1, n_layers=4)


def _theirs(data: Fields, epochs: int, seed: int) -> None:
    """Train the FNO and print its errors."""
    torch, model = _operator(seed)
    from neuralop import H1Loss
    from neuralop.data.transforms.normalizers import UnitGaussianNormalizer
    from neuralop.training import AdamW

    pairs = {part: tuple(torch.from_numpy(a.astype(np.float32)) for a in pair) for part, pair in data.items()}
    x, y = pairs["train"]
    before, after = UnitGaussianNormalizer(dim=[0, 2, 3]), UnitGaussianNormalizer(dim=[0, 2, 3])
    before.fit(x)
    after.fit(y)
    inputs, targets = before.transform(x), after.transform(y)
    count = sum(p.numel() * (2 if p.is_complex() else 1) for p in model.parameters())
    print(f"neuralop's FNO: {count} parameters, {epochs} epochs", flush=True)
    optimiser, loss = AdamW(model.parameters(), lr=5e-3, weight_decay=1e-4), H1Loss(d=2)
    schedule = torch.optim.lr_scheduler.StepLR(optimiser, 60, 0.5)
    for epoch in range(1, epochs + 1):
        model.train()
        for pick in torch.randperm(len(x)).split(16):
            optimiser.zero_grad(set_to_none=True)
            loss(model(inputs[pick]), targets[pick]).backward()
            optimiser.step()
        schedule.step()
        if epoch % 20 == 0 or epoch == epochs:
            model.eval()
            with torch.no_grad():
                shown = []
                for grid in GRIDS:
                    a, b = pairs[f"test{grid}"]
                    answer = after.inverse_transform(model(before.transform(a))).numpy()
                    shown.append(f"{grid}x{grid} {relative_errors(answer, b.numpy()).mean():.4f}")
            print(f"  epoch {epoch}: {', '.join(shown)}", flush=True)


def _speed(artifact: Artifact, megahertz: float, interval: int | None, data: Fields) -> None:
    """Print the fields per second of the circuit at a clock and of the FNO in torch on all threads."""
    e = estimate(artifact.qnet, plan(artifact.qnet, interval))
    circuit = megahertz * 1e6 / e.interval
    print(f"circuit: interval {e.interval} cycles, {circuit:,.0f} fields per second at {megahertz:g} MHz")
    torch, model = _operator(1)
    x = torch.from_numpy(data["train"][0][:256].astype(np.float32))
    for threads in (1, torch.get_num_threads() if torch.get_num_threads() > 1 else 2):
        torch.set_num_threads(threads)
        for batch in (1, 64):
            rates = []
            with torch.no_grad():
                model.eval()(x[:batch])
                for _ in range(5):
                    start = time.perf_counter()
                    for pick in x.split(batch):
                        model(pick)
                    rates.append(len(x) / (time.perf_counter() - start))
            rate = float(np.median(rates))
            print(f"torch, {threads} threads, batches of {batch}: {rate:,.0f} fields per second; the circuit has "
                  f"{circuit / rate:.1f} times as many", flush=True)


def main(
    path: Annotated[Path, typer.Argument(help="The file darcy.npz.")],
    artifact: Annotated[Path | None, typer.Option(help="Artifact to measure; darcy-16 by default.")] = None,
    train: Annotated[bool, typer.Option("--train", help="Train neuraloperator's FNO, in about half an hour.")] = False,
    widths: Annotated[bool, typer.Option("--widths", help="Measure words of 8 to 16 bits.")] = False,
    picture: Annotated[Path | None, typer.Option(help="PNG file of a test field to write.")] = None,
    speed: Annotated[float | None, typer.Option(help="Clock in MHz, for fields per second.")] = None,
    interval: Annotated[int | None, typer.Option(help="Most cycles for each field.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes of the FNO's training.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the FNO's training.")] = 1,
) -> None:
    """Print the figures."""
    try:
        data = fields(path)
    except ValueError as error:
        raise DataError(str(error)) from None
    ours = load(artifact or Path("darcy-16"))
    if widths:
        _widths(ours, data)
    if speed is not None:
        _speed(ours, speed, interval, data)
    if picture is not None:
        _picture(ours, data, picture)
    if not widths and speed is None and picture is None:
        _ours(ours, data)
    if train:
        _theirs(data, epochs, seed)


if __name__ == "__main__":
    try:
        typer.run(main)
    except HadamacError as error:
        sys.exit(f"error: {error}")
