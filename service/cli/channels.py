"""vifaq worker, outbox, channels, forget."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.output import fail, note, print_json, print_table, say

if TYPE_CHECKING:
    from service.channels.hub import ChannelHub
    from service.channels.turn import Account
    from service.domain import Reply


def worker() -> None:
    """Answer the messages of all channels until SIGTERM or Ctrl-C, beside `vifaq serve`.

    Set VIFAQ_CHANNEL_WORKER=separate for the server. On PostgreSQL there may be several workers.
    """
    from service.analytics import configure_logging
    from service.runtime import open_runtime
    from service.settings import load_settings

    settings = load_settings()
    _require_accounts(len(settings.channels))
    configure_logging(settings.log_level)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with open_runtime(settings) as runtime:
        runtime.channels.start()
        note(f"Answering {len(settings.channels)} account(s). Stop with Ctrl-C.")
        stopping.wait()
        runtime.channels.stop()


def outbox_list(
    all_: Annotated[bool, typer.Option("--all", help="Also what was sent.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List messages that were not (or perhaps not) delivered, with the reason.

    failed: refused for good. dead: all tries used up. unknown: may have been delivered.
    """
    from dataclasses import asdict

    from service.channels import outbox
    from service.runtime import open_records
    from service.settings import load_settings

    statuses = ("sent", *outbox.UNSENT) if all_ else outbox.UNSENT
    with open_records(load_settings()) as records:
        rows = outbox.list_messages(records.engine, statuses=statuses, limit=limit)
    if as_json:
        times = ("created_at", "next_attempt_at")
        print_json(
            [asdict(row) | {name: getattr(row, name).isoformat() for name in times} for row in rows]
        )
        return
    print_table(
        ("id", "status", "tries", "channel", "account", "person", "since", "reason"),
        (
            (
                row.id,
                row.status,
                row.attempts,
                row.channel,
                row.account_id,
                row.subject,
                f"{row.created_at:%Y-%m-%d %H:%M}",
                row.error or "-",
            )
            for row in rows
        ),
    )


def outbox_retry(
    message_id: Annotated[
        int | None, typer.Argument(help="As `vifaq outbox list` shows it.")
    ] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All dead letters.")] = False,
) -> None:
    """Send a message again that is failed, dead or unknown; the reply window still counts.

    An unknown one may arrive twice. Example: vifaq outbox retry --dead
    """
    from service.channels import outbox
    from service.errors import BadInput
    from service.runtime import open_records
    from service.settings import load_settings

    if (message_id is None) == (not dead):
        raise BadInput("Give a message's id, or --dead for all dead letters.")
    with open_records(load_settings()) as records:
        if message_id is None:
            say(f"{outbox.retry_dead(records.engine)} message(s) will be sent again.")
        else:
            outbox.retry(records.engine, message_id)
            say(f"Message {message_id} will be sent again.")


def forget(
    person: Annotated[
        str, typer.Argument(help="The platform's id of the person, or the pseudonym in the logs.")
    ],
) -> None:
    """Delete everything stored about a person: conversations, messages, logged questions."""
    from service.runtime import open_records
    from service.runtime.channels import open_channels
    from service.settings import load_settings

    settings = load_settings()
    with open_records(settings) as records:
        talks, questions = open_channels(settings, records, _never_asked).forget(person)
    say(f"Deleted {talks} conversation(s) and {questions} question(s) of the log.")


def check() -> None:
    """Ask every platform whether the account's tokens work; exit code 1 when one does not."""
    from service.runtime import open_records
    from service.runtime.channels import open_channels
    from service.settings import load_settings

    settings = load_settings()
    _require_accounts(len(settings.channels))
    with open_records(settings) as records:
        hub = open_channels(settings, records, _never_asked)
        works = [_check(hub, account) for account in hub.accounts]
    if not all(works):
        raise typer.Exit(1)


def connect(
    account_id: Annotated[str, typer.Argument(help="The zalo_bot entry of VIFAQ_CHANNELS.")],
    url: Annotated[str, typer.Argument(help="https://your.host/v1/channels/zalo_bot/webhook")],
) -> None:
    """Tell the Zalo Bot Platform where the webhook is. The others are set on their web pages."""
    from service.channels.zalo_bot import ZaloBot
    from service.errors import NotFound
    from service.runtime import open_records
    from service.runtime.channels import open_channels
    from service.settings import load_settings

    settings = load_settings()
    with open_records(settings) as records:
        for account in open_channels(settings, records, _never_asked).accounts:
            bot = account.channel
            if isinstance(bot, ZaloBot) and bot.account_id == account_id:
                bot.set_webhook(url)
                say(f"zalo_bot {account_id} now calls {url}")
                return
    raise NotFound(f"VIFAQ_CHANNELS has no zalo_bot {account_id!r}.")


def _check(hub: ChannelHub, account: Account) -> bool:
    from service.errors import VifaqError

    channel = account.channel
    title = f"{channel.name} {channel.account_id} (set {account.responder.set_name})"
    numbers = ", ".join(f"{number} {state}" for state, number in hub.counts(channel).items())
    try:
        say(f"{title}: {channel.probe()}. Outbox: {numbers or 'empty'}.")
    except VifaqError as error:
        fail(f"{title}: {error}. Outbox: {numbers or 'empty'}.")
        return False
    return True


def _require_accounts(number: int) -> None:
    from service.errors import BadSetting

    if not number:
        raise BadSetting("VIFAQ_CHANNELS is empty: there is nothing to answer. See README.md.")


def _never_asked(question: str, *, set_name: str, channel: str, subject: str) -> Reply:
    raise AssertionError("this command answers no questions")


OUTBOX: dict[str, Callable[..., None]] = {"list": outbox_list, "retry": outbox_retry}
CHANNELS: dict[str, Callable[..., None]] = {"check": check, "connect": connect}
