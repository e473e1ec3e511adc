"""From a spreadsheet to answers, with nothing replaced: as a help desk uses it."""

import io
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from threadpoolctl import threadpool_info

from service.cli.main import main
from service.domain import Faq, JobStatus, Outcome
from service.errors import BadInput, NotFound, NotReady, StoreLocked
from service.runtime import Runtime, open_records, open_runtime
from service.settings import Settings

VIFAQ = (sys.executable, "-c", "from service.cli.main import main; main()")
CSV = """Mã,Câu hỏi,Trả lời,Câu hỏi tương tự,Câu hỏi tương tự 2,Nhãn
hoc-phi,Học phí một tín chỉ là bao nhiêu?,Xem **thông báo học phí** đầu năm học.,\
1 tín chỉ mấy tiền,giá mỗi tín chỉ,hoc-phi
dang-ky,Đăng ký học phần ở đâu?,Trên cổng đào tạo trực tuyến.,\
vào đâu để đăng ký môn học,link đăng ký tín chỉ,hoc-vu
the-sv,Làm lại thẻ sinh viên thế nào?,Nộp đơn tại phòng công tác sinh viên.,\
em bị mất thẻ sinh viên,xin cấp lại thẻ,giay-to
ktx,Ký túc xá còn chỗ không?,Ban quản lý ký túc xá trả lời từng đợt.,\
đăng ký ở ký túc xá,phòng ký túc xá giá bao nhiêu,doi-song
hoc-bong,Điều kiện xét học bổng khuyến khích là gì?,Điểm học tập và rèn luyện từ loại khá.,\
bao nhiêu điểm thì được học bổng,xét học bổng khi nào,hoc-bong
"""


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "cau-hoi.csv"
    path.write_text(CSV, encoding="utf-8-sig")
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        data_dir=tmp_path / "data",
        answer_threshold=0.7,
        suggest_threshold=0.35,
    )


@pytest.fixture
def runtime(settings: Settings, sheet: Path) -> Iterator[Runtime]:
    with open_runtime(settings) as opened:
        opened.import_file(sheet, actor="test")
        opened.reindex("default")
        yield opened


def found(runtime: Runtime, question: str) -> list[str]:
    return [candidate.faq.id for candidate in runtime.ask(question).candidates]


class TestInOneProcess:
    def test_a_question_waits_for_no_threads_of_its_own(self, settings: Settings) -> None:
        def blas_threads() -> set[int]:
            return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}

        before = blas_threads()
        with open_runtime(settings):
            assert blas_threads() == {1}
        assert blas_threads() == before

    def test_a_question_as_typed_gets_the_stored_answer(self, runtime: Runtime) -> None:
        reply = runtime.ask("1 tín chỉ mấy tiền")
        assert reply.decision.outcome is Outcome.ANSWER
        assert reply.decision.answer is not None
        assert reply.decision.answer.faq.answer == "Xem **thông báo học phí** đầu năm học."
        assert (reply.index.set_name, reply.index.generation) == ("default", 1)
        assert 0 < reply.timing.search_ms < reply.timing.total_ms
        assert found(runtime, "hoc phi 1 tin chi la bao nhieu")[0] == "hoc-phi"
        assert found(runtime, "lam lai the sv the nao")[0] == "the-sv"

    def test_what_nobody_stored_is_handed_over(self, runtime: Runtime) -> None:
        decision = runtime.ask("Zürich weather xyz?").decision
        assert (decision.outcome, decision.answer) == (Outcome.HANDOVER, None)
        assert runtime.ask("?!…").decision.outcome is Outcome.HANDOVER

    def test_edits_are_found_when_the_call_returns(self, runtime: Runtime) -> None:
        new = Faq("wifi", "Mật khẩu wifi của trường là gì?", "Hỏi thư viện.")
        stored = runtime.add_faq("default", new, "test")
        assert found(runtime, "mật khẩu wifi")[0] == "wifi"
        changed = replace(stored, question="Máy in đặt ở tầng mấy?")
        runtime.update_faq("default", changed, "test")
        assert found(runtime, "máy in đặt ở đâu")[0] == "wifi"
        best = runtime.ask("máy in đặt ở tầng mấy?").candidates[0]
        assert best.matched_text == "Máy in đặt ở tầng mấy?"
        runtime.remove_faq("default", "wifi", "test")
        assert "wifi" not in found(runtime, "máy in đặt ở tầng mấy?")

    def test_expired_faqs_are_neither_answered_nor_offered(self, runtime: Runtime) -> None:
        faq = runtime.faqs.get("default", "ktx")
        yesterday = date.today() - timedelta(days=2)
        runtime.update_faq("default", replace(faq, valid_to=yesterday), "test")
        assert "ktx" not in found(runtime, "Ký túc xá còn chỗ không?")

    def test_tags_narrow_the_search(self, runtime: Runtime) -> None:
        reply = runtime.ask("học phí một tín chỉ", tags=["giay-to"])
        assert [c.faq.id for c in reply.candidates] == ["the-sv"]

    def test_edits_of_another_process_are_picked_up(
        self, runtime: Runtime, settings: Settings
    ) -> None:
        with open_records(settings) as records:
            records.faqs.add("default", Faq("lich", "Lịch nghỉ Tết năm nay?", "Xem lịch."), "cli")
        deadline = time.monotonic() + 20
        while "lich" not in found(runtime, "lịch nghỉ tết"):
            assert time.monotonic() < deadline, "not found within 20 s"
            time.sleep(0.1)

    def test_answers_go_on_while_the_index_is_built_anew(self, runtime: Runtime) -> None:
        stop = threading.Event()
        failures: list[object] = []
        generations: set[int] = set()

        def ask() -> None:
            while not stop.is_set():
                try:
                    reply = runtime.ask("1 tín chỉ mấy tiền")
                    generations.add(reply.index.generation)
                    if reply.candidates[0].faq.id != "hoc-phi":
                        failures.append(reply)
                except Exception as error:
                    failures.append(error)

        with ThreadPoolExecutor(4) as askers:
            for _ in range(4):
                askers.submit(ask)
            try:
                for generation in (1, 2, 3):
                    deadline = time.monotonic() + 60
                    while generation not in generations:
                        assert time.monotonic() < deadline, failures
                        time.sleep(0.01)
                    job_id = runtime.start_reindex("default")
                    while (job := runtime.job(job_id)).finished_at is None:
                        time.sleep(0.02)
                    assert job.status is JobStatus.DONE, job.error
            finally:
                stop.set()  # or they would ask for as long as the tests run
        assert failures == []
        assert runtime.ask("học phí").index.generation == 4
        assert job.result is not None
        assert job.result["generation"] == 4

    def test_a_rollback_goes_back_and_keeps_edits(self, runtime: Runtime) -> None:
        runtime.reindex("default")
        new = Faq("wifi", "Mật khẩu wifi của trường là gì?", "Hỏi thư viện.")
        runtime.add_faq("default", new, "test")
        assert runtime.roll_back("default").number == 1
        assert runtime.ask("mật khẩu wifi").index.generation == 1
        assert found(runtime, "mật khẩu wifi")[0] == "wifi"
        states = [(g.number, g.status.value) for g in runtime.index_status("default")]
        assert states[0][0] == 2
        assert (1, "live") in states

    def test_sets_do_not_mix(self, runtime: Runtime, sheet: Path) -> None:
        runtime.import_file(sheet, set_name="luat", actor="test")
        with pytest.raises(NotReady, match="vifaq reindex --set luat"):
            runtime.ask("học phí", set_name="luat")
        runtime.reindex("luat")
        runtime.remove_faq("luat", "hoc-phi", "test")
        reply = runtime.ask("Học phí một tín chỉ là bao nhiêu?", set_name="luat")
        assert "hoc-phi" not in [c.faq.id for c in reply.candidates]
        assert found(runtime, "Học phí một tín chỉ là bao nhiêu?")[0] == "hoc-phi"

    def test_bad_questions_are_refused_in_words(self, runtime: Runtime) -> None:
        with pytest.raises(BadInput, match="empty"):
            runtime.ask(" \u200b ")
        with pytest.raises(BadInput, match="at most 1000"):
            runtime.ask("a" * 1001)
        with pytest.raises(NotFound, match="khong-co"):
            runtime.ask("học phí", set_name="khong-co")
        with pytest.raises(BadInput, match="VIFAQ_RERANKER"):
            runtime.ask("học phí", rerank=True)

    def test_the_log_masks_and_counts(self, runtime: Runtime) -> None:
        runtime.ask("gọi em số 0912345678 về chuyện lạ hoắc nhé")
        runtime.questions.flush()
        [asked] = runtime.questions.unanswered("default")
        assert "0912345678" not in asked.question
        assert b'vifaq_questions_total{outcome="' in runtime.metrics.render()

    def test_readiness(self, runtime: Runtime) -> None:
        assert runtime.ready() == []
        runtime.stop_accepting()
        assert runtime.ready() != []

    def test_a_second_owner_of_the_index_is_told_what_to_do(
        self, runtime: Runtime, settings: Settings
    ) -> None:
        runtime.announce("http://127.0.0.1:8123")
        with (
            pytest.raises(StoreLocked, match=r"--server http://127\.0\.0\.1:8123"),
            open_runtime(settings),
        ):
            raise AssertionError("opened")


def test_a_fresh_installation_says_what_to_run(settings: Settings) -> None:
    with open_runtime(settings) as runtime:
        assert any("vifaq import" in reason for reason in runtime.ready())


class TestCommandLine:
    def test_from_a_sheet_to_an_answer(self, settings: Settings, sheet: Path) -> None:
        asked_too_early = vifaq(settings, "ask", "học phí")
        assert asked_too_early.returncode == 2
        assert "There is no FAQ set 'default'" in asked_too_early.stderr
        dry = vifaq(settings, "import", str(sheet), "--dry-run")
        assert "5 would be added" in dry.stdout
        imported = vifaq(settings, "import", str(sheet))
        assert "5 added" in imported.stdout
        assert "vifaq reindex" in imported.stderr
        not_ready = vifaq(settings, "ask", "học phí")
        assert (not_ready.returncode, not_ready.stdout) == (3, "")
        assert "vifaq reindex --set default" in not_ready.stderr
        assert "generation 1 is live, 15 texts" in vifaq(settings, "reindex").stdout
        assert "usable index" in vifaq(settings, "reindex", "--if-needed").stderr
        status = vifaq(settings, "index", "status").stderr
        assert "The encoder learned this set: only 10 alternates" in status
        assert "Suggests from" in status
        reply = json.loads(vifaq(settings, "ask", "1 tín chỉ mấy tiền", "--json").stdout)
        assert (reply["outcome"], reply["answer"]["faq_id"]) == ("answer", "hoc-phi")
        explained = vifaq(settings, "ask", "1 tín chỉ mấy tiền", "--explain").stdout
        assert "1 tín chỉ mấy tiền" in explained
        assert "lead" in explained
        assert "rerank.maxsim" not in explained
        built_in = {"VIFAQ_RERANKER": "built-in", "VIFAQ_RERANK": "always"}
        reranked = vifaq(settings, "ask", "1 tín chỉ mấy tiền", "--explain", **built_in).stdout
        assert "rerank.maxsim" in reranked
        assert "lead" in reranked

    def test_after_an_upgrade_what_an_older_version_calibrated_is_built_anew(
        self, settings: Settings, sheet: Path
    ) -> None:
        vifaq(settings, "import", str(sheet))
        vifaq(settings, "reindex")
        with closing(sqlite3.connect(settings.data_dir / "vifaq.db")) as database, database:
            database.execute(
                "UPDATE index_generation SET report = json_set(report, "
                "'$.calibration.version', '0', '$.calibrate_options', '0 0.95')"
            )
        assert "has not calibrated" in vifaq(settings, "index", "status").stderr
        upgraded = vifaq(settings, "reindex", "--if-needed")
        assert "generation 2 is live" in upgraded.stdout
        assert "Suggests from" in vifaq(settings, "index", "status").stderr

    def test_bad_rows_are_all_named_and_nothing_is_imported(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        bad = tmp_path / "bad.csv"
        bad.write_text("Câu hỏi,Trả lời\nA là gì?,\n,B\nHợp lệ không?,Có\n", encoding="utf-8")
        refused = vifaq(settings, "import", str(bad))
        assert refused.returncode == 2
        assert "row 2" in refused.stderr
        assert "row 3" in refused.stderr
        assert "Traceback" not in refused.stderr
        dry = vifaq(settings, "import", str(bad), "--dry-run")
        assert "nothing would be imported. With --partial" in dry.stderr
        assert vifaq(settings, "sets", "list").stdout.splitlines()[1:] == []
        assert "1 added" in vifaq(settings, "import", str(bad), "--partial").stdout

    def test_export_and_import_again_changes_nothing(
        self, settings: Settings, sheet: Path, tmp_path: Path
    ) -> None:
        vifaq(settings, "import", str(sheet))
        target = tmp_path / "out.xlsx"
        assert "Wrote 5 FAQs" in vifaq(settings, "export", str(target)).stdout
        again = vifaq(settings, "import", str(target), "--replace")
        assert "0 added, 0 changed, 0 removed, 5 unchanged" in again.stdout

    def test_a_set_has_abbreviations_of_its_own(
        self, settings: Settings, sheet: Path, tmp_path: Path
    ) -> None:
        vifaq(settings, "import", str(sheet))
        words = tmp_path / "words.tsv"
        words.write_text("hocphi\thọc phí\nxyz\n")
        refused = vifaq(settings, "sets", "words", "default", str(words))
        assert refused.returncode == 2
        assert "row 2" in refused.stderr
        words.write_text("qqq\tký túc xá\n")
        assert "1 abbreviations" in vifaq(settings, "sets", "words", "default", str(words)).stdout
        assert vifaq(settings, "sets", "words", "default").stdout == "qqq\tký túc xá\n"
        vifaq(settings, "reindex")
        explained = vifaq(settings, "ask", "qqq còn chỗ không", "--explain").stdout
        assert explained.splitlines()[1].startswith("ktx\t")

    def test_check_reads_questions_as_the_index_does(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        faqs = tmp_path / "faqs.jsonl"
        questions = {
            "hoc-phi": "Học phí ngành Kỹ thuật điện tử viễn thông",
            "gioi-thieu": "Giới thiệu ngành Kỹ thuật điện tử viễn thông",
            "hoc-phi-2": "Học phí ngành ktđtvt?",
        }
        lines = [{"id": i, "question": q, "answer": i} for i, q in questions.items()]
        faqs.write_text("\n".join(json.dumps(line) for line in lines))
        vifaq(settings, "import", str(faqs))
        checked = vifaq(settings, "check")
        assert checked.returncode == 1
        assert "3 FAQs, 1 findings" in checked.stdout
        assert "hoc-phi: Học phí ngành Kỹ thuật điện tử viễn thông / hoc-phi-2" in checked.stdout

    def test_a_database_that_cannot_be_reached_is_one_clear_line(self, settings: Settings) -> None:
        url = "postgresql://nobody:secret@127.0.0.1:1/none"
        refused = vifaq(settings, "sets", "list", VIFAQ_DATABASE_URL=url)
        assert refused.returncode == 2
        assert "VIFAQ_DATABASE_URL" in refused.stderr
        assert "secret" not in refused.stderr
        assert "Traceback" not in refused.stderr

    def test_evaluation_leaves_live_data_alone(self, settings: Settings, tmp_path: Path) -> None:
        faqs, queries = tmp_path / "f.jsonl", tmp_path / "q.jsonl"
        lines = [
            {"id": "1", "question": "Học phí bao nhiêu?", "alternates": [], "answer": "x"},
            {"id": "2", "question": "Thư viện ở đâu?", "alternates": [], "answer": "y"},
        ]
        faqs.write_text("\n".join(json.dumps(line) for line in lines))
        queries.write_text(json.dumps({"question": "hoc phi la bao nhieu", "faq_id": "1"}))
        asked = ("eval", "--faqs", str(faqs), "--queries", str(queries))
        measured = vifaq(settings, *asked)
        assert json.loads(measured.stdout)["recall@1"] == 1.0, measured.stderr
        assert json.loads(vifaq(settings, *asked, "--baseline", "bm25").stdout)["n_faqs"] == 2
        assert not settings.data_dir.exists()


class TestServer:
    def test_it_serves_edits_reindexes_survives_kill_and_drains(
        self, settings: Settings, sheet: Path, tmp_path: Path
    ) -> None:
        vifaq(settings, "import", str(sheet))
        vifaq(settings, "reindex")
        key = vifaq(settings, "keys", "create", "test", "--scope", "admin").stdout.strip()
        with serving(settings) as (url, process):
            assert httpx.get(f"{url}/readyz").status_code == 200
            assert ask(url, "1 tín chỉ mấy tiền")["answer"]["faq_id"] == "hoc-phi"

            locked = vifaq(settings, "ask", "học phí")
            assert locked.returncode == 3
            assert f"--server {url}" in locked.stderr
            remote = vifaq(settings, "ask", "1 tín chỉ mấy tiền", "--json", "--server", url)
            assert json.loads(remote.stdout)["answer"]["faq_id"] == "hoc-phi"
            refused = vifaq(settings, "reindex", "--server", url)
            assert refused.returncode == 1
            assert "VIFAQ_API_KEY" in refused.stderr
            built = vifaq(settings, "reindex", "--server", url, VIFAQ_API_KEY=key)
            assert "generation 2 is live" in built.stdout, built.stderr
            back = vifaq(settings, "index", "rollback", "--server", url, VIFAQ_API_KEY=key)
            assert "generation 1 is live again" in back.stdout, back.stderr

            more = tmp_path / "more.jsonl"
            more.write_text(json.dumps({"id": "wifi", "question": "Mật khẩu wifi?", "answer": "x"}))
            vifaq(settings, "import", str(more))
            until(lambda: "wifi" in str(ask(url, "mật khẩu wifi")))
            process.kill()
            process.wait()

        with serving(settings) as (url, process):
            assert "wifi" in str(ask(url, "mật khẩu wifi"))
            assert ask(url, "1 tín chỉ mấy tiền")["index"]["generation"] == 1
            process.terminate()
            assert process.wait(timeout=30) == 0

    def test_killed_while_it_builds_the_old_index_answers(
        self, settings: Settings, sheet: Path
    ) -> None:
        vifaq(settings, "import", str(sheet))
        vifaq(settings, "reindex")
        key = vifaq(settings, "keys", "create", "test", "--scope", "admin").stdout.strip()
        headers = {"X-API-Key": key}
        with serving(settings) as (url, process):
            started = httpx.post(f"{url}/v1/reindex", json={}, headers=headers)
            assert started.status_code == 202, started.text
            process.kill()
            process.wait()
        with serving(settings) as (url, _):
            assert ask(url, "1 tín chỉ mấy tiền")["answer"]["faq_id"] == "hoc-phi"
            again = vifaq(settings, "reindex", "--server", url, VIFAQ_API_KEY=key)
            assert "is live" in again.stdout, again.stderr

    def test_a_taken_port_is_said_at_once(self, settings: Settings) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            refused = vifaq(settings, "serve", "--port", port)
        assert refused.returncode == 2
        assert port in refused.stderr
        assert not settings.data_dir.exists()


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def vifaq(settings: Settings, *arguments: str, **environment: str) -> Done:
    """The command, in this process: a new one would spend most of its time on imports."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in (_environment(settings) | environment).items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["vifaq", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    structlog.reset_defaults()
    return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server on a free port, once it has said where it is."""
    process = subprocess.Popen(
        [*VIFAQ, "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | _environment(settings),
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found is not None
        until(lambda: _answers(f"{found[0]}/readyz"))
        yield found[0], process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def ask(url: str, question: str) -> dict[str, Any]:
    reply = httpx.post(f"{url}/v1/ask", json={"question": question})
    assert reply.status_code == 200, reply.text
    return reply.json()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "did not happen within 30 s"
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def _environment(settings: Settings) -> dict[str, str]:
    return {
        "VIFAQ_DATA_DIR": str(settings.data_dir),
        "VIFAQ_ANSWER_THRESHOLD": str(settings.answer_threshold),
        "VIFAQ_SUGGEST_THRESHOLD": str(settings.suggest_threshold),
        "VIFAQ_DRAIN_NOTICE_S": "0.1",
    }
