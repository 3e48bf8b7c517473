"""Checks of one installation: what is wrong with it, and what to do about it.

A check returns findings and raises nothing. `warn` does not keep Dialer from working; `fail` does.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from dialer import db, embedded, migrating
from dialer.errors import DialerError
from dialer.leads.journal import Journal, unwritten
from dialer.settings import Settings
from dialer.supervisor.programs import port_is_free

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRES = 16
LOW_DISK_BYTES = 1_000_000_000


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and what to do if it is not well."""

    name: str
    verdict: Verdict
    detail: str
    advice: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def examine(settings: Settings) -> Iterator[Finding]:
    """Check this machine, its data directory and its servers."""
    for check in (_python, _data_dir, _ports, _accounts):
        yield from check(settings)
    if not settings.database_url and not (settings.data_dir / "postgres").exists():
        yield Finding("database", Verdict.OK, "embedded; the first dialer up or dialer migrate makes it")
        return
    try:
        with embedded.servers(settings) as located:
            yield from _database(located)
            yield _journal(located)
            yield from _redis(located)
    except DialerError as error:
        yield Finding("servers", Verdict.FAIL, str(error), "Mend what the message says, then run dialer doctor again.")


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        yield Finding("python", Verdict.FAIL, version, "Install Python 3.11 or newer.")
    else:
        yield Finding("python", Verdict.OK, version)


def _data_dir(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.resolve()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        probe = existing / ".dialer-doctor"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        yield Finding(
            "data directory", Verdict.FAIL, f"{folder}: {error.strerror}", "Make it writable, or set DIALER_DATA_DIR."
        )
        return
    free = shutil.disk_usage(existing).free
    detail = f"{folder}, {free / 1e9:.1f} GB free"
    if free < LOW_DISK_BYTES:
        yield Finding("data directory", Verdict.WARN, detail, "Recordings need about 1 MB a minute: make room.")
    else:
        yield Finding("data directory", Verdict.OK, detail)


def _ports(settings: Settings) -> Iterator[Finding]:
    ours = _running(settings.data_dir)
    for name, host, port in (
        ("web port", settings.web_host, settings.web_port),
        ("flower port", "127.0.0.1", settings.flower_port),
    ):
        variable = f"DIALER_{name.replace(' ', '_').upper()}"
        if port_is_free(host, port):
            yield Finding(name, Verdict.OK, f"{port} is free")
        elif ours:
            yield Finding(name, Verdict.OK, f"{port} is in use, and Dialer is running")
        else:
            yield Finding(name, Verdict.WARN, f"{port} is in use", f"Stop what listens there, or set {variable}.")


def _running(data_dir: Path) -> bool:
    try:
        with embedded.hold(data_dir):
            return False
    except DialerError:
        return True


def _accounts(settings: Settings) -> Iterator[Finding]:
    vendors = settings.vendors
    prefix = settings.carrier.upper()
    needed = (
        ("carrier account", bool(settings.carrier_account and settings.carrier_key), f"{prefix}_…"),
        ("caller id", bool(settings.caller_id), f"{prefix}_CALLER_ID"),
        ("public URL", bool(settings.public_url), "DIALER_PUBLIC_URL"),
        ("speech recognition", bool(vendors.deepgram_api_key or vendors.openai_api_key), "DEEPGRAM_API_KEY"),
        (
            "language model",
            bool(vendors.openai_api_key or vendors.gemini_api_key or settings.brain_servers),
            "OPENAI_API_KEY or GEMINI_API_KEY",
        ),
        (
            "voice",
            bool(vendors.elevenlabs_api_key or vendors.openai_api_key or vendors.aws_region),
            "ELEVENLABS_API_KEY",
        ),
    )
    for name, there, variable in needed:
        if there:
            yield Finding(name, Verdict.OK, "set")
        else:
            yield Finding(name, Verdict.WARN, "not set", f"Set {variable} before you call people; a demo needs none.")
    crms = [
        name
        for name, there in (
            ("HubSpot", bool(vendors.hubspot_access_token)),
            ("Salesforce", bool(vendors.salesforce_consumer_key)),
            ("webhook", bool(vendors.webhook_url)),
        )
        if there
    ]
    if crms:
        yield Finding("CRMs", Verdict.OK, ", ".join(crms))
    else:
        yield Finding(
            "CRMs", Verdict.WARN, "none", "Outcomes stay in Dialer until HUBSPOT_…, SALESFORCE_… or WEBHOOK_… is set."
        )


def _database(settings: Settings) -> Iterator[Finding]:
    engine = db.engine(settings.database_url, pool_size=1)
    try:
        with engine.connect() as connection:
            yield _version(connection)
            yield _vector(connection)
        missing = migrating.pending(engine)
        if missing:
            yield Finding("schema", Verdict.FAIL, f"{len(missing)} migration(s) missing", "Run dialer migrate.")
        else:
            yield Finding("schema", Verdict.OK, "up to date")
    except SQLAlchemyError as error:
        words = str(getattr(error, "orig", error)).strip().splitlines()[0]
        yield Finding("database", Verdict.FAIL, words, "Check DATABASE_URL, and that the server runs and lets us in.")
    finally:
        engine.dispose()


def _journal(settings: Settings) -> Finding:
    """Whether every opt-out stands in the journal, and the next one can."""
    path = settings.journal_file
    journal = Journal(path)
    engine = db.engine(settings.database_url, pool_size=1)
    try:
        journal.try_out()
        entries = list(journal.entries())
        with db.sessions(engine)() as session:
            lacking = len(unwritten(session, [entry for entry in entries if entry is not None]))
    except OSError as error:
        return Finding(
            "opt-out journal", Verdict.FAIL, f"{path}: {error.strerror}", "Make it writable, or set DIALER_JOURNAL_DIR."
        )
    except SQLAlchemyError:
        return Finding("opt-out journal", Verdict.WARN, f"{path}: not compared", "Mend the database first.")
    finally:
        engine.dispose()
    if lacking:
        advice = "With dialing stopped, run dialer settle: it appends them."
        return Finding("opt-out journal", Verdict.FAIL, f"{path} lacks {lacking} opt-outs of the database", advice)
    if None in entries:
        torn = entries.count(None)
        return Finding("opt-out journal", Verdict.WARN, f"{path}: {torn} torn lines", "Look at the disk it is on.")
    return Finding("opt-out journal", Verdict.OK, f"{path}, {len(entries)} opt-outs")


def _version(connection: Connection) -> Finding:
    version = migrating.server_version(connection)
    if int(version.split(".")[0]) < OLDEST_POSTGRES:
        return Finding("database", Verdict.FAIL, f"PostgreSQL {version}", f"Use PostgreSQL {OLDEST_POSTGRES} or newer.")
    return Finding("database", Verdict.OK, f"PostgreSQL {version}")


def _vector(connection: Connection) -> Finding:
    offered = connection.scalar(text("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"))
    if offered is None:
        return Finding("pgvector", Verdict.FAIL, "not installed on the server", "Install the extension pgvector there.")
    return Finding("pgvector", Verdict.OK, str(offered))


def _redis(settings: Settings) -> Iterator[Finding]:
    import redis

    client = redis.Redis.from_url(settings.redis_url, socket_timeout=3, socket_connect_timeout=3)
    try:
        version = client.info("server")["redis_version"]
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "noeviction")
    except redis.RedisError as error:
        yield Finding("redis", Verdict.FAIL, str(error), "Check REDIS_URL, and that the server runs and lets us in.")
        return
    finally:
        client.close()
    if policy != "noeviction":
        advice = "Set maxmemory-policy noeviction: messages that are thrown away come back only with the next sweep."
        yield Finding("redis", Verdict.WARN, f"Redis {version}, {policy}", advice)
    else:
        yield Finding("redis", Verdict.OK, f"Redis {version}")
