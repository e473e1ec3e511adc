"""The lines that the channels say by themselves. What a school may want otherwise is a setting."""

from __future__ import annotations

from collections.abc import Sequence

TEXT_ONLY = "Mình chỉ đọc được tin nhắn chữ. Bạn vui lòng gõ câu hỏi giúp mình nhé."
TOO_LONG = "Câu hỏi hơi dài, mình chưa đọc hết được. Bạn vui lòng viết ngắn gọn lại giúp mình nhé."
WELCOME_BACK = "Trợ lý tự động đây ạ. Bạn cứ gõ câu hỏi nhé."
GONE = "Câu trả lời này không còn hiệu lực. Bạn vui lòng gõ lại câu hỏi giúp mình nhé."
PERHAPS = "Có phải bạn muốn hỏi:"
ALSO = "Bạn cũng muốn hỏi:"


def suggestions(title: str, questions: Sequence[str]) -> str:
    """The numbered list; works where there are no buttons."""
    lines = [f"{number}. {question}" for number, question in enumerate(questions, start=1)]
    return "\n".join([title, *lines, "", f"Bạn {_reply(len(questions))} để chọn."])


def wrong_number(count: int) -> str:
    """A number that no suggestion has."""
    return f"Bạn {_reply(count)} giúp mình nhé."


def _reply(count: int) -> str:
    numbers = [str(number) for number in range(1, count + 1)]
    if count > 1:
        numbers[-2:] = [f"{numbers[-2]} hoặc {numbers[-1]}"]
    return f"trả lời {', '.join(numbers)}"
