"""All tables, as SQLAlchemy Core. The only schema definition; migrations follow it.

The FAQ database is the source of truth. Whatever the vector store holds can be rebuilt from it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)


class UtcDateTime(TypeDecorator[datetime]):
    """Timezone-aware UTC in and out, on SQLite too (which forgets time zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times, store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime; pass an aware one")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware UTC out."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

faq_set = Table(
    "faq_set",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    # Writers update this row first, so edits of one set have one order: that of `change_seq`.
    Column("change_seq", Integer, nullable=False, default=0),
    Column("live_generation", Integer),  # the live index pointer; null: nothing built yet
    Column("lexicon", JSON, nullable=False, default=dict),  # the set's own abbreviations
)

faq = Table(
    "faq",
    metadata,
    Column("set_name", ForeignKey("faq_set.name", ondelete="CASCADE"), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("alternates", JSON, nullable=False, default=list),
    Column("tags", JSON, nullable=False, default=list),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("search_text", Text, nullable=False),  # all its texts without marks, for admins' search
)

# The revision history and the change log in one: a snapshot of the FAQ after each edit.
faq_revision = Table(
    "faq_revision",
    metadata,
    Column("set_name", ForeignKey("faq_set.name", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("faq_id", String(128), nullable=False),
    Column("kind", String(16), nullable=False),  # added | changed | removed
    Column("revision", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("alternates", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Index("ix_faq_revision_set_faq", "set_name", "faq_id"),
)

index_generation = Table(
    "index_generation",
    metadata,
    Column("set_name", ForeignKey("faq_set.name", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("status", String(16), nullable=False),
    Column("collection", String(128), nullable=False, unique=True),
    Column("encoder", String(256), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("applied_seq", Integer, nullable=False),
    Column("row_count", Integer, nullable=False, default=0),
    Column("created_at", UtcDateTime, nullable=False),
    Column("live_at", UtcDateTime),
    Column("report", JSON, nullable=False, default=dict),
    Column("artefact", LargeBinary),  # adapted weights; null: the encoder as it ships
)

# At most one reindex of a set. A dead owner's lease is taken over.
reindex_lease = Table(
    "reindex_lease",
    metadata,
    Column("set_name", ForeignKey("faq_set.name", ondelete="CASCADE"), primary_key=True),
    Column("host", String(256), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", Float, nullable=False),  # tells a reused pid from the owner
    Column("acquired_at", UtcDateTime, nullable=False),
    Column("heartbeat_at", UtcDateTime, nullable=False),
)

# Vectors of texts already seen, for encoders that are slower than a look-up.
embedding_cache = Table(
    "embedding_cache",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("text_hash", String(64), primary_key=True),
    Column("vector", LargeBinary, nullable=False),  # float32, little endian
)

job = Table(
    "job",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("set_name", String(64), nullable=False),
    Column("status", String(16), nullable=False),  # queued | running | done | failed
    Column("stage", String(64), nullable=False, default=""),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False, default=0),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("result", JSON),
    Column("error", Text),
)

question_log = Table(
    "question_log",
    metadata,
    Column("request_id", String(36), primary_key=True),
    Column("asked_at", UtcDateTime, nullable=False, index=True),
    Column("set_name", String(64), nullable=False),
    Column("question", Text, nullable=False),  # personal data masked
    Column("text_key", String(32), nullable=False),  # the same for spellings that differ by case
    Column("outcome", String(16), nullable=False),
    Column("faq_id", String(128)),
    Column("confidence", Float),
    Column("similarity", Float),
    Column("suggested", JSON, nullable=False, default=list),  # FAQ ids offered
    Column("generation", Integer, nullable=False),
    Column("channel", String(32), nullable=False, default="http"),
    Column("subject", String(64), index=True),  # pseudonym of the person, for deletion
    Column("total_ms", Float, nullable=False),
    Column("handled", Boolean, nullable=False, default=False),  # an admin dealt with it
    Index("ix_question_log_set_key", "set_name", "text_key"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("request_id", String(36), nullable=False, index=True),
    Column("given_at", UtcDateTime, nullable=False),
    Column("helpful", Boolean, nullable=False),
    Column("chosen_faq_id", String(128)),
    Column("status", String(16), nullable=False, default="pending"),  # accepted | rejected
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("prefix", String(16), nullable=False, unique=True),  # shown in lists
    Column("hash", String(64), nullable=False),  # SHA-256 of the whole key (256 random bits)
    Column("name", String(128), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)

# One person in one account of one channel. Whoever holds the lease works on it: messages of a
# conversation go one after the other.
conversation = Table(
    "conversation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("channel", String(32), nullable=False),
    Column("account_id", String(128), nullable=False),
    Column("user_id", String(128), nullable=False, index=True),  # as the platform knows the person
    Column("subject", String(64), nullable=False, index=True),  # the pseudonym in logs
    Column("due_at", UtcDateTime),  # when there is something to do; null: nothing
    Column("lease_owner", String(64)),
    Column("lease_until", UtcDateTime),
    Column("paused_until", UtcDateTime),  # a person has taken over until then
    Column("offered", JSON, nullable=False, default=list),  # suggestions that "2" may pick from
    Index("uq_conversation_person", "channel", "account_id", "user_id", unique=True),
    Index("ix_conversation_due", "channel", "account_id", "due_at"),
)

# What the platforms sent, stored before it is acknowledged. The key makes retries harmless.
inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("conversation_id", ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("key", String(64), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False, default=""),
    Column("payload", Text),  # of a tapped button; our own reference in an echo
    Column("sent_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False, index=True),
    Column("status", String(16), nullable=False),  # pending | done | ignored | failed
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("error", Text),
    Index("ix_inbox_conversation_status", "conversation_id", "status"),
)

# What is to be said. Written in the transaction that marks the inbox row done.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("conversation_id", ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("inbox_id", ForeignKey("inbox.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),  # of the parts of one reply: 0, 1, 2…
    Column("ref", String(32), nullable=False, unique=True),  # comes back in the echo, if one comes
    Column("body", JSON, nullable=False),
    Column("status", String(16), nullable=False),  # pending|sending|sent|failed|unknown|dead
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("message_id", String(256)),  # the platform's
    Column("error", Text),
    Index("uq_outbox_part", "inbox_id", "position", unique=True),
    Index("ix_outbox_conversation_status", "conversation_id", "status"),
)

# What the service knows of an account beyond its settings. Tokens are encrypted.
channel_token = Table(
    "channel_token",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("account_id", String(128), primary_key=True),
    Column("access_token", LargeBinary),
    Column("refresh_token", LargeBinary),
    Column("refresh_after", UtcDateTime),  # when to get the next pair
    Column("seed", String(64)),  # digest of the refresh token in the settings that began this
    Column("lease_owner", String(64)),  # who refreshes, or polls
    Column("lease_until", UtcDateTime),
    Column("problem", Text),  # what an operator has to mend; null: nothing
    Column("problem_at", UtcDateTime),
)
