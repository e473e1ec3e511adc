"""What a training did: report.json, and the model card in README.md."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.models.manifest import Manifest
from service.train.job import AS_WRITTEN
from service.train.measure import DevSet, Figures

if TYPE_CHECKING:
    from service.train.fit import Fitted

_PACKAGES = ("torch", "transformers", "sentence-transformers")
_SETTINGS = {
    "encoder": "VIFAQ_ENCODER",
    "cross-encoder": "VIFAQ_RERANKER",
    "poly-encoder": "VIFAQ_RERANKER",
}
_NOUNS = {"bi": "Bi-encoder", "distill": "Distilled bi-encoder"}
_NOUNS |= {"cross": "Cross-encoder", "poly": "Poly-encoder"}


@dataclass(frozen=True, slots=True)
class Report:
    """One finished training. Figures are fractions of 1, on families that were held out."""

    objective: str
    recipe: Mapping[str, Any]
    dev: DevSet
    rows: int  # trained on
    before: Mapping[str, Figures]
    after: Mapping[str, Figures]
    fitted: Fitted
    seconds: float

    @property
    def improved(self) -> bool:
        """Whether the metric that early stopping watches went up."""
        metric = self.dev.metric
        return self.after[AS_WRITTEN][metric] > self.before[AS_WRITTEN][metric]

    def as_json(self) -> dict[str, Any]:
        """For report.json."""
        return {
            "objective": self.objective,
            "recipe": dict(self.recipe),
            "rows": self.rows,
            "held_out": self._held_out(),
            "before": dict(self.before),
            "after": dict(self.after),
            "improved": self.improved,
            "steps": self.fitted.steps,
            "best_step": self.fitted.best_step,
            "curve": [dict(point) for point in self.fitted.curve],
            "seconds": round(self.seconds, 1),
            "versions": {name: version(name) for name in _PACKAGES}
            | {"python": platform.python_version()},
        }

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Columns and rows: before and after, for each way to look at it."""
        rows: list[tuple[str, ...]] = []
        for view, after in self.after.items():
            for metric, value in after.items():
                before = self.before[view][metric]
                rows.append((view, metric, f"{before:.3f}", f"{value:.3f}"))
        return ("questions", "metric", "before", "after"), rows

    def _held_out(self) -> dict[str, int]:
        dev = self.dev
        return {"questions": len(dev.queries), "stored": len(dev.stored), "pairs": len(dev.scored)}


def write_card(folder: Path, manifest: Manifest, report: Report) -> None:
    """Writes README.md and report.json into the model's folder."""
    found = json.dumps(report.as_json(), ensure_ascii=False, indent=2)
    (folder / "report.json").write_text(found + "\n", encoding="utf-8")
    (folder / "README.md").write_text(_card(manifest, report), encoding="utf-8")


def _card(manifest: Manifest, report: Report) -> str:
    parts = (
        _front_matter(manifest),
        f"# {_NOUNS[report.objective]} for Vietnamese FAQs, trained from {_shown(manifest.base)}",
        "## Use\n" + _use(manifest),
        "## Figures\n" + _figures(report),
        "## Data\n" + _data(report),
        "## Training\n" + _training(report),
        f"## Licence\n{manifest.licence or _NO_LICENCE}",
    )
    return "\n\n".join(parts) + "\n"


def _shown(base: str) -> str:
    """A hub id as it is; a folder without where it lies on this machine."""
    return Path(base).name if Path(base).is_dir() else base


_NO_LICENCE = (
    "None was given. Those of the base model and of the data apply; "
    "settle them before passing this model on."
)


def _front_matter(manifest: Manifest) -> str:
    task = "sentence-similarity" if manifest.use == "encoder" else "text-ranking"
    fields = {
        "language": "vi",
        "library_name": "sentence-transformers",
        "pipeline_tag": task,
        "base_model": _shown(manifest.base),
        **({"license": manifest.licence} if manifest.licence else {}),
    }
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items())
    return "\n".join(("---", *lines, "---"))


def _use(manifest: Manifest) -> str:
    words = 'with words joined by "_"' if manifest.segmented else "as plain text"
    prefix = f', after the prefix "{manifest.prefix}"' if manifest.prefix else ""
    lines = [
        f"Set `{_SETTINGS[manifest.use]}` to this folder; `vifaq.json` tells the service the rest.",
        f"It reads questions {words}{prefix}, up to {manifest.max_tokens} tokens.",
    ]
    if manifest.use == "encoder":
        lines.append("A new encoder needs a new index: run `vifaq reindex`.")
    if manifest.matryoshka:
        sizes = ", ".join(map(str, sorted(manifest.matryoshka, reverse=True)))
        lines.append(f"Vectors may be cut to {sizes} dimensions (`VIFAQ_ENCODERS`, `dimension`).")
    return "\n".join(lines)


def _figures(report: Report) -> str:
    columns, rows = report.table()
    lines = [columns, ("---",) * len(columns), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    dev = report.dev
    task = (
        f"{len(dev.queries)} questions of families that were held out, "
        f"{len(dev.stored)} stored questions, {len(dev.scored)} scored pairs."
    )
    verdict = "" if report.improved else "\n\n**It is not better than its base on this data.**"
    return f"{task} Before: the base model, text prepared alike.\n\n{table}{verdict}"


def _data(report: Report) -> str:
    files = report.recipe["data"].items()
    listed = "\n".join(f"- `{Path(name).name}`, SHA-256 `{digest}`" for name, digest in files)
    return f"{report.rows} training rows from\n\n{listed}"


def _training(report: Report) -> str:
    recipe = report.recipe
    names = ("loss", "epochs", "batch_size", "learning_rate", "max_steps", "seed", "teacher")
    chosen = "; ".join(f"{n.replace('_', ' ')} {recipe[n]}" for n in names if recipe[n] is not None)
    fitted = report.fitted
    return (
        f"{chosen}. {fitted.steps} steps, the best at {fitted.best_step}, "
        f"{report.seconds:.0f} s. All of it is in `report.json`."
    )
