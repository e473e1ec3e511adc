"""What a short message means in a conversation: a number, or a wish to speak to a person."""

from __future__ import annotations

import re

from service.text.diacritics import fold
from service.text.normalise import normalise

_POLITE = r"(?:(?:a|ah|nhe|nha|nhen|voi|duoc khong|dc khong|di|gium|giup|em|minh)\s*)*"
_NUMBER_WORDS = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5}
_NUMBER = re.compile(
    r"(?:(?:em|minh|toi)\s+)?(?:(?:chon|tra loi)\s+)?(?:(?:so|cau|y|cai|muc|thu)\s+)*"
    rf"(\d{{1,2}}|{'|'.join(_NUMBER_WORDS)})\s*{_POLITE}"
)
_PERSON = r"(?:nhan vien|tu van vien|nguoi that|nguoi tu van|can bo|chuyen vien|admin|ad)"
_ROLE = r"(?:\s+(?:tu van|ho tro|truc|that))*"
_WANT = r"(?:(?:cho|em|minh|toi|tui|muon|can|xin|duoc|dc|phep|vui long|lam on)\s+)*"
_MEET = r"(?:gap|noi chuyen voi|chat voi|trao doi voi|lien he voi|lien he|ket noi voi)"
_AGENT = re.compile(rf"{_WANT}{_MEET}\s+{_PERSON}{_ROLE}\s*{_POLITE}")
_ASSISTANT = re.compile(rf"{_WANT}{_MEET}\s+(?:tro ly|bot)(?:\s+tu dong)?\s*{_POLITE}")


def chosen_number(text: str) -> int | None:
    """`2`, `số 2`, `câu 2 ạ`, `chọn số hai` → 2. None: it is something else."""
    found = _NUMBER.fullmatch(_bare(text))
    if found is None:
        return None
    return _NUMBER_WORDS.get(found[1]) or int(found[1])


def wants_agent(text: str) -> bool:
    """`gặp nhân viên`, `cho em gặp tư vấn viên với ạ`; not a question about where they sit."""
    return _AGENT.fullmatch(_bare(text)) is not None


def wants_assistant(text: str) -> bool:
    """`gặp trợ lý`: back from a person to the automatic answers."""
    return _ASSISTANT.fullmatch(_bare(text)) is not None


def _bare(text: str) -> str:
    """Lower case, without marks and punctuation, single spaces."""
    return " ".join(re.sub(r"[^\w\s]", " ", fold(normalise(text)).casefold()).split())
