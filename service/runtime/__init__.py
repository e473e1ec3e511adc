"""Settings in, wired Runtime out."""

from service.runtime.learning import Adapt
from service.runtime.records import Records
from service.runtime.runtime import Runtime
from service.runtime.wiring import open_records, open_runtime, open_text_paths, text_path_of

__all__ = [
    "Adapt",
    "Records",
    "Runtime",
    "open_records",
    "open_runtime",
    "open_text_paths",
    "text_path_of",
]
