"""The tables of a quality measurement as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eval.quality_tables import NOISES, RANKERS, Run, Runs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = dict(zip(RANKERS, ("#b0b0b0", "#7f8c9b", "#d9a441", "#5b9bd5", "#1f4e8c"), strict=True))
_WIDTH = 0.18


def plot_tables(runs: Runs, folder: Path) -> list[Path]:
    """One PNG for each table, beside it."""
    import matplotlib

    matplotlib.use("Agg")
    drawn = {
        "titles": _titles(runs),
        "alternates": _alternates(runs),
        "noise": _noise(runs),
        "everything": _everything(runs),
    }
    paths = []
    for name, figure in drawn.items():
        paths.append(folder / f"quality_{name}.png")
        figure.savefig(paths[-1], dpi=110, bbox_inches="tight", metadata={"Software": None})
    return paths


def _titles(runs: Runs) -> Figure:
    bars = {
        ranker: [
            *(_percent(runs.of(name, ranker, "all", 0, "none")) for name in runs.outside_sets),
            runs.mean("recall@1", ranker, "none"),
            _percent(runs.of(runs.sets[-1], ranker, "all", 0, "none")),
        ]
        for ranker in _unsupervised()
    }
    labels = [*runs.outside_sets, "mean", runs.sets[-1]]
    return _bars(bars, labels, "Titles alone, every question as typed")


def _noise(runs: Runs) -> Figure:
    bars = {r: [runs.mean("recall@1", r, noise) for noise in NOISES] for r in _unsupervised()}
    return _bars(bars, NOISES, "Typing noise: mean of the outside sets, titles alone")


def _bars(bars: dict[str, list[float]], labels: Sequence[str], title: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4))
    axes = figure.subplots()
    for number, (ranker, heights) in enumerate(bars.items()):
        at = [x + (number - (len(bars) - 1) / 2) * _WIDTH for x in range(len(labels))]
        drawn = axes.bar(at, heights, _WIDTH * 0.92, color=_COLOURS[ranker], label=ranker)
        axes.bar_label(drawn, fmt="%.0f", fontsize=7, padding=1)
    axes.set_xticks(range(len(labels)), labels)
    _finish(axes, title)
    axes.legend(ncols=len(bars), fontsize=8, frameon=False, loc="upper center")
    return figure


def _alternates(runs: Runs) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.6 * len(runs.sets), 3.4))
    many = figure.subplots(1, len(runs.sets), sharey=True)
    for axes, name in zip(many, runs.sets, strict=True):
        counts = [count for questions, count in runs.splits(name) if questions == "held out"]
        for ranker in RANKERS:
            found = [runs.of(name, ranker, "held out", count, "none") for count in counts]
            at = [run.mean_alternates for run in found if run]
            heights = [_percent(run) for run in found if run]
            axes.plot(at, heights, "o-", color=_COLOURS[ranker], label=ranker, markersize=4)
        _finish(axes, name, label=axes is many[0])
        axes.set_xlabel("mean alternates given", fontsize=8)
    _legend_below(figure, many[0])
    return figure


def _everything(runs: Runs) -> Figure:
    from matplotlib.figure import Figure

    columns = ("all", 0), ("held out", 0), ("held out", 3), ("held out", 5)
    figure = Figure(figsize=(2.8 * len(columns), 2.1 * len(runs.sets)))
    grid = figure.subplots(len(runs.sets), len(columns), sharex=True, sharey=True)
    for row, name in zip(grid, runs.sets, strict=True):
        for axes, (questions, count) in zip(row, columns, strict=True):
            _finish(axes, f"{name}: {questions}, {count}", label=axes is row[0])
            if (questions, count) not in runs.splits(name):
                axes.text(2, 50, "as with 3", ha="center", fontsize=8, color="grey")
            for ranker in RANKERS:
                found = [runs.of(name, ranker, questions, count, noise) for noise in NOISES]
                heights = [_percent(run) for run in found if run]
                if heights:
                    axes.plot(NOISES, heights, "o-", color=_COLOURS[ranker], label=ranker, ms=3)
            axes.tick_params(axis="x", rotation=40, labelsize=7)
    _legend_below(figure, grid[0][-2])
    figure.subplots_adjust(hspace=0.35, wspace=0.08, bottom=0.08)
    return figure


def _legend_below(figure: Figure, axes: Axes) -> None:
    lines, names = axes.get_legend_handles_labels()
    figure.legend(
        lines, names, ncols=len(names), fontsize=8, frameon=False, loc="upper center",
        bbox_to_anchor=(0.5, 0.01),
    )  # fmt: skip


def _finish(axes: Axes, title: str, *, label: bool = True) -> None:
    axes.set_title(title, fontsize=9)
    axes.set_ylim(0, 105)
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    if label:
        axes.set_ylabel("recall@1, %", fontsize=8)


def _percent(run: Run | None) -> float:
    return 100 * run.figures["recall@1"] if run else float("nan")


def _unsupervised() -> list[str]:
    """The classifier needs alternates."""
    return [ranker for ranker in RANKERS if ranker != "classifier"]
