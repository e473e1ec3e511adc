"""Index generations: built beside the live one, verified, switched to, kept up to date."""

from service.reindex.build import Reindexer
from service.reindex.cache import CachingEncoder, EmbeddingCache
from service.reindex.generations import GenerationRepository
from service.reindex.lease import Leases
from service.reindex.live import LiveIndexes, OpenGeneration
from service.reindex.plan import EncoderPlan, Learned, TextPath
from service.reindex.sync import IndexSync

__all__ = [
    "CachingEncoder",
    "EmbeddingCache",
    "EncoderPlan",
    "GenerationRepository",
    "IndexSync",
    "Learned",
    "Leases",
    "LiveIndexes",
    "OpenGeneration",
    "Reindexer",
    "TextPath",
]
