"""All settings, read once from VIFAQ_* variables or a .env file. Nothing here has effects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from service.errors import BadSetting

# What a reranker reads beside the question: the FAQ's text that matched best, its question, or
# its question with the answer.
RerankPassage = Literal["matched", "question", "answer"]

# Which questions are reranked: the doubtful ones, or all.
RerankWhen = Literal["auto", "always"]


class CustomModel(BaseModel):
    """A user's own encoder or reranker: one entry of VIFAQ_ENCODERS or VIFAQ_RERANKERS (JSON)."""

    model: str  # hub id or folder
    revision: str | None = None
    segmented: bool = False  # words joined by "_" before tokenising
    prefix: str = ""
    max_tokens: int = 256
    dimension: int | None = None  # Matryoshka truncation


class ChannelAccount(BaseModel):
    """What every entry of VIFAQ_CHANNELS (a JSON list) has. Limits are the platform's."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    account_id: str = Field(min_length=1, max_length=128)
    faq_set: str | None = Field(default=None, validation_alias=AliasChoices("set", "faq_set"))
    text_chars: int = Field(default=2000, ge=100)
    rate_per_s: float = Field(default=10.0, gt=0)  # calls to the platform, per process


class MessengerAccount(ChannelAccount):
    """A Facebook Page. `account_id` is the Page's id."""

    channel: Literal["messenger"]
    app_id: str = Field(min_length=1)
    app_secret: SecretStr = Field(min_length=1)
    verify_token: SecretStr = Field(min_length=1)
    page_token: SecretStr = Field(min_length=1)
    base_url: str = "https://graph.facebook.com"
    version: str = "v26.0"
    quick_replies: int = Field(default=13, ge=0)
    title_chars: int = Field(default=20, ge=1)
    window_h: float = Field(default=24, gt=0)  # after the person's last message


class ZaloOaAccount(ChannelAccount):
    """A Zalo Official Account. `account_id` is the OA's id."""

    channel: Literal["zalo_oa"]
    app_id: str = Field(min_length=1)
    app_secret: SecretStr | None = None
    oa_secret: SecretStr | None = None  # None: bootstrap, events are acknowledged and dropped
    refresh_token: SecretStr | None = None  # the first one; later ones are in the database
    base_url: str = "https://openapi.zalo.me"
    oauth_url: str = "https://oauth.zaloapp.com"
    version: str = "v3.0"
    buttons: int = Field(default=5, ge=0)  # 0: numbered text alone
    title_chars: int = Field(default=100, ge=1)
    window_h: float = Field(default=48, gt=0)  # free of charge; up to 168 is billed

    @model_validator(mode="after")
    def _complete_or_bootstrap(self) -> ZaloOaAccount:
        if self.oa_secret and not (self.app_secret and self.refresh_token):
            raise ValueError("app_secret and refresh_token are needed as soon as oa_secret is set")
        return self


class ZaloBotAccount(ChannelAccount):
    """A bot of the Zalo Bot Platform. `account_id` is a name of your choice."""

    channel: Literal["zalo_bot"]
    token: SecretStr = Field(min_length=1)
    webhook_secret: SecretStr | None = Field(default=None, min_length=8)  # None: long polling
    base_url: str = "https://bot-api.zaloplatforms.com"
    window_h: float = Field(default=168, gt=0)
    poll_timeout_s: int = Field(default=10, ge=1)  # also the longest wait at the end


AnyChannelAccount = Annotated[
    MessengerAccount | ZaloOaAccount | ZaloBotAccount, Field(discriminator="channel")
]


class Settings(BaseSettings):
    """What an operator can change. Names in the environment are VIFAQ_ + upper case."""

    model_config = SettingsConfigDict(
        env_prefix="VIFAQ_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # a wrong entry must not print its neighbours' secrets
    )

    # where things are
    data_dir: Path = Path("data")
    database_url: str = ""  # empty: SQLite in data_dir
    chroma_url: str | None = None  # http://host:port of a Chroma server; None: embedded in data_dir
    faq_set: str = "default"

    # models
    encoder: str = "embedded"
    encoder_backend: Literal["torch", "onnx", "openvino"] = "torch"
    encoders: dict[str, CustomModel] = Field(default_factory=dict)
    reranker: str | None = None
    reranker_backend: Literal["torch", "onnx", "openvino"] = "torch"
    rerankers: dict[str, CustomModel] = Field(default_factory=dict)
    models_dir: Path | None = None  # None: the hub's usual cache
    threads: int = Field(default=2, ge=1)

    # answering
    retrieve_k: int = Field(default=20, ge=1, le=200)  # rows
    rerank: RerankWhen = "auto"
    rerank_k: int = Field(default=5, ge=1, le=50)  # FAQs
    rerank_timeout_s: float = Field(default=2.0, gt=0)
    rerank_passage: RerankPassage = "matched"
    suggest_k: int = Field(default=3, ge=1, le=10)
    target_precision: float = Field(default=0.95, gt=0.5, lt=1)
    answer_threshold: float | None = Field(default=None, ge=0, le=1)  # confidence; None: by target
    suggest_threshold: float | None = Field(default=None, ge=0, le=1)  # that anything fits
    small_talk_file: Path | None = None  # YAML as in the bundled pack; None: that one
    handover_text: str = (
        "Mình chưa tìm thấy câu trả lời cho câu hỏi này. "
        "Bạn vui lòng liên hệ bộ phận hỗ trợ để được giúp nhé."
    )

    # HTTP
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    ask_needs_key: bool | None = None  # None: only when listening beyond loopback
    allowed_origins: tuple[str, ...] = ()  # sites that may embed the widget; "*" for any
    max_question_chars: int = Field(default=1000, ge=10, le=20000)
    max_body_bytes: int = Field(default=64 * 1024, ge=1024)
    max_import_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    rate_limit_per_minute: int = Field(default=120, ge=1)  # asks per key or address
    queue_size: int = Field(default=64, ge=1)  # questions waiting; beyond it 503
    body_timeout_s: float = Field(default=10.0, gt=0)  # for a JSON body; imports get 30 times it
    drain_notice_s: float = Field(default=1.0, ge=0)  # /readyz fails so long before we stop
    drain_s: float = Field(default=10.0, ge=0)  # then requests under way have this long

    # channels
    channels: tuple[AnyChannelAccount, ...] = ()
    channel_worker: Literal["inside", "separate"] = "inside"  # separate: run `vifaq worker`
    channel_threads: int = Field(default=8, ge=1)  # conversations at once, per account
    channel_poll_s: float = Field(default=0.5, gt=0)  # how often another process's work is seen
    channel_lease_s: float = Field(default=60.0, gt=0)  # a dead worker's conversation waits so long
    channel_timeout_s: float = Field(default=10.0, gt=0)  # of one call to a platform
    channel_max_tries: int = Field(default=5, ge=1)
    channel_retry_base_s: float = Field(default=5.0, gt=0)  # first wait; the next are 3 times it
    channel_retention_days: int = Field(default=30, ge=8)  # beyond any window: replays stay known
    channel_max_body_bytes: int = Field(default=1024 * 1024, ge=1024)
    greeting_text: str = (
        "Xin chào! Mình là trợ lý tự động. Bạn cứ gõ câu hỏi, mình sẽ tìm câu trả lời giúp bạn. "
        "Muốn gặp người thật, bạn nhắn: gặp nhân viên."
    )
    agent_text: str = (
        "Mình đã ghi nhận, nhân viên hỗ trợ sẽ trả lời bạn tại đây trong giờ làm việc. "
        "Muốn hỏi lại trợ lý tự động, bạn nhắn: gặp trợ lý."
    )
    takeover_pause_s: float = Field(default=3600.0, ge=0)  # silence after a person has stepped in

    # log
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_questions: bool = True
    question_retention_days: int = Field(default=180, ge=1)
    secret_key: SecretStr | None = None  # pseudonyms of people, tokens at rest

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> Settings:
        low, high = self.suggest_threshold, self.answer_threshold
        if low is not None and high is not None and low > high:
            raise ValueError("suggest_threshold must not exceed answer_threshold")
        return self

    @model_validator(mode="after")
    def _channel_accounts_differ(self) -> Settings:
        names = [(account.channel, account.account_id) for account in self.channels]
        if len(set(names)) < len(names):
            raise ValueError("channels: two entries have the same channel and account_id")
        secrets = [a.webhook_secret for a in self.channels if isinstance(a, ZaloBotAccount)]
        if len(set(secrets) - {None}) < len([secret for secret in secrets if secret]):
            raise ValueError("channels: every zalo_bot needs a webhook_secret of its own")
        if names and (self.secret_key is None or len(self.secret_key.get_secret_value()) < 32):
            raise ValueError(
                "secret_key: channels need it, 32 characters or more, for pseudonyms and tokens; "
                "make one with: openssl rand -hex 32"
            )
        return self

    @property
    def resolved_database_url(self) -> str:
        """The database URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'vifaq.db'}"

    @property
    def chroma_dir(self) -> Path:
        """Where the embedded index lives."""
        return self.data_dir / "chroma"


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment; raises BadSetting that names every wrong variable."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [
            f"VIFAQ_{'__'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            if problem["loc"]
            else problem["msg"]
            for problem in error.errors()
        ]
        raise BadSetting("Wrong settings:\n" + "\n".join(lines)) from error
    except SettingsError as error:
        raise BadSetting(f"Wrong settings: {error}; it must be JSON") from error
