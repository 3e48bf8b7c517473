"""Agents kept as versions: saving one, finding one, and reading a folder of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dialer.agents.definition import AgentDefinition, read
from dialer.agents.models import Agent, AgentVersion
from dialer.errors import BadInput, NotFound

MOST_READ: Final = 256
"""Versions of which a process keeps the definition."""
_read: dict[UUID, tuple[dict[str, Any], AgentDefinition]] = {}
"""By version: as its row has it, and as it was read."""


def save(session: Session, organization_id: UUID, definition: AgentDefinition) -> AgentVersion:
    """Keep a definition under its name: the version that holds the same already, or the next number.

    Either way the name stands for it from now on, also if a later version was saved in between.

    Savers of one name wait for each other on the agent's row, so no number is given twice.
    """
    session.execute(
        insert(Agent).values(organization_id=organization_id, name=definition.name).on_conflict_do_nothing()
    )
    agent_id = session.scalars(
        select(Agent.id)
        .where(Agent.organization_id == organization_id, Agent.name == definition.name)
        .with_for_update()
    ).one()
    known = session.scalar(
        select(AgentVersion).where(AgentVersion.agent_id == agent_id, AgentVersion.sha256 == definition.sha256)
    )
    if known is not None:
        known.saved_at = session.scalars(select(func.clock_timestamp())).one()
        return known
    newest = session.scalar(select(func.max(AgentVersion.number)).where(AgentVersion.agent_id == agent_id))
    version = AgentVersion(
        organization_id=organization_id,
        agent_id=agent_id,
        number=(newest or 0) + 1,
        definition=definition.model_dump(mode="json"),
        sha256=definition.sha256,
    )
    session.add(version)
    session.flush()
    return version


def definition_of(session: Session, version_id: UUID) -> AgentDefinition:
    """Read a version's definition. It is checked once in a process: that takes milliseconds, and each call asks."""
    written = session.get_one(AgentVersion, version_id).definition
    known = _read.get(version_id)
    if known is None or known[0] != written:
        if len(_read) >= MOST_READ:
            _read.clear()
        known = _read[version_id] = (written, AgentDefinition.model_validate(written))
    return known[1]


def find_version(session: Session, organization_id: UUID, name_or_version_id: str | UUID) -> AgentVersion:
    """Find a version by its id, by name and number ("Ava@3"), or the one that an agent's name stands for now.

    Raises:
        NotFound: the organization has neither.
    """
    version_id = _as_uuid(name_or_version_id)
    mine = select(AgentVersion).where(AgentVersion.organization_id == organization_id)
    version = session.scalar(mine.where(AgentVersion.id == version_id)) if version_id else None
    by_name = mine.join(Agent, Agent.id == AgentVersion.agent_id).order_by(AgentVersion.saved_at.desc()).limit(1)
    if version is None:
        version = session.scalar(by_name.where(Agent.name == str(name_or_version_id)))
    name, _, number = str(name_or_version_id).rpartition("@")
    if version is None and number.isdecimal():
        version = session.scalar(by_name.where(Agent.name == name, AgentVersion.number == int(number)))
    if version is None:
        raise NotFound("agent", name_or_version_id)
    return version


def sync_folder(session: Session, organization_id: UUID, folder: Path) -> list[AgentVersion]:
    """Save every `*.toml` of a folder, in order of file names; return the versions that the files now stand for.

    Raises:
        BadInput: the folder is missing, a file cannot be read, or two files bear one name; nothing is saved then if
            the caller rolls back.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: there is no such folder of agents.")
    definitions: dict[str, AgentDefinition] = {}
    for path in sorted(folder.glob("*.toml")):
        definition = read(path)
        if definition.name in definitions:
            raise BadInput(f"{path}: another file of this folder is named {definition.name!r} already.")
        definitions[definition.name] = definition
    return [save(session, organization_id, definition) for definition in definitions.values()]


def _as_uuid(value: str | UUID) -> UUID | None:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except ValueError:
        return None
