"""The vector store: Chroma, embedded in this process or as a server."""

from service.store.chroma import ChromaStore
from service.store.open import EmbeddedStore, ServerStore, open_embedded, open_server

__all__ = ["ChromaStore", "EmbeddedStore", "ServerStore", "open_embedded", "open_server"]
