"""A stand-in for the answering: what it replies depends on the question alone."""

import time
import uuid
from dataclasses import dataclass, field

from service.channels.port import Desk
from service.domain import (
    Candidate,
    Decision,
    Faq,
    IndexRef,
    Outcome,
    Reply,
    Timing,
)
from service.errors import BadInput, NotReady

FAQS = {
    faq.id: faq
    for faq in (
        Faq("hours", "Giờ mở cửa của thư viện?", "Thư viện mở **7:30–21:00** các ngày trong tuần."),
        Faq("card", "Làm lại thẻ thư viện ở đâu?", "Tại quầy 1, mang theo CCCD."),
        Faq(
            "fine",
            "Trả sách trễ bị phạt thế nào?",
            "5.000 đồng mỗi ngày.\n\nXem [nội quy](https://lib.example/noi-quy).",
        ),
    )
}
_TIMING = Timing(0, 0, 0, 0, 0)


@dataclass
class FakeDesk:
    """`gợi ý…` gets suggestions, `không biết…` a handover, `hỏng…` an error, the rest an answer.

    `hai câu…` gets an answer and one suggestion.
    """

    slow_s: float = 0.0
    busy_s: float = 0.0
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    broken: bool = False

    def desk(self) -> Desk:
        return Desk(
            ask=self.ask,
            find_faq=lambda _set_name, faq_id: FAQS.get(faq_id),
            chosen=lambda request_id, faq_id: self.choices.append((request_id, faq_id)),
            forget_subject=self._forget,
        )

    def ask(self, question: str, *, set_name: str, channel: str, subject: str) -> Reply:
        self.asked.append((question, set_name, channel, subject))
        time.sleep(self.slow_s)
        busy_until = time.perf_counter() + self.busy_s
        while time.perf_counter() < busy_until:  # holds the interpreter, as real work does
            pass
        if self.broken or question.startswith("hỏng"):
            raise NotReady("There is no index.")
        if question.startswith("cấm"):
            raise BadInput("The question cannot be used.")
        if question.startswith("chào"):
            return _reply(question, Outcome.HANDOVER, small_talk="Chào bạn!")
        if question.startswith("không biết"):
            return _reply(question, Outcome.HANDOVER)
        if question.startswith("gợi ý"):
            return _reply(question, Outcome.SUGGEST, suggested=list(FAQS.values()))
        if question.startswith("hai câu"):
            also = [FAQS["card"]]
            return _reply(question, Outcome.ANSWER, answer=FAQS["hours"], suggested=also)
        faq = (
            FAQS["hours"]
            if "thư viện" in question
            else Faq("echo", question, f"Trả lời: {question}")
        )
        return _reply(question, Outcome.ANSWER, answer=faq)

    def _forget(self, subject: str) -> int:
        self.forgotten.append(subject)
        return 0


def _reply(
    question: str,
    outcome: Outcome,
    *,
    answer: Faq | None = None,
    suggested: list[Faq] | None = None,
    small_talk: str | None = None,
) -> Reply:
    decision = Decision(
        outcome,
        Candidate(answer, question, 0.9) if answer else None,
        tuple(Candidate(faq, faq.question, 0.5) for faq in suggested or []),
    )
    ref = IndexRef("default", 1, "fake")
    return Reply(str(uuid.uuid4()), question, decision, ref, _TIMING, small_talk=small_talk)
