"""Reads files of cases, and says which file, case and field is wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from dialer import resources
from dialer.agents.definition import AgentDefinition
from dialer.errors import BadInput
from dialer.evals.cases import Case, Suite

SUFFIXES: Final = (".yaml", ".yml", ".json")


def read(path: Path) -> Suite:
    """Read one file.

    Raises:
        BadInput: it cannot be read; the message names the file, the case and the field.
    """
    try:
        text = path.read_text(encoding="utf-8")
        body = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BadInput(f"{path}: {' '.join(str(error).split())}") from error
    try:
        return Suite.model_validate(body)
    except ValidationError as error:
        said = [f"{_where(each['loc'], body)}{each['msg'].removeprefix('Value error, ')}" for each in error.errors()]
        raise BadInput(f"{path}: {'; '.join(said)}") from error


def collect(paths: Sequence[Path], agent: AgentDefinition, *, only: str = "") -> list[Case]:
    """Read the cases of files and folders that are for this agent; without paths those that ship.

    Args:
        paths: files are for this agent whatever they say; of a folder those that fit it are taken.
        agent: who is tried.
        only: part of the names of the cases that are wanted.

    Raises:
        BadInput: a file is wrong, or nothing is left.
    """
    cases: dict[str, Case] = {}
    for path in paths or (shipped(),):
        suites = [(path, read(path))] if not path.is_dir() else [(file, read(file)) for file in _files(path)]
        for file, suite in suites:
            if path.is_dir() and not _is_for(suite, agent):
                continue
            for case in suite.cases:
                if case.name in cases:
                    raise BadInput(f"{file}: case {case.name!r}: another file has a case of this name.")
                cases[case.name] = case.model_copy(update={"lead": {**suite.lead, **case.lead}})
    wanted = [case for case in cases.values() if only.casefold() in case.name.casefold()]
    if not wanted:
        raise BadInput(f"There is no case{f' named {only!r}' if only else ''} for {agent.name}.")
    return wanted


def shipped() -> Path:
    """The cases that every agent is tried on."""
    return resources.config_dir() / "evals"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)


def _is_for(suite: Suite, agent: AgentDefinition) -> bool:
    return suite.agent in ("", agent.name) and suite.language in ("", agent.language.partition("-")[0])


def _where(loc: tuple[int | str, ...], body: Any) -> str:
    """Name the place of an error: the case by its name, then the field."""
    if len(loc) < 2 or loc[0] != "cases" or not isinstance(loc[1], int):
        return f"{_dotted(loc)}: " if loc else ""
    case = body["cases"][loc[1]]
    name = case.get("name") if isinstance(case, dict) else None
    field = _dotted(loc[2:])
    return f"case {repr(name) if name else loc[1] + 1}: {f'{field}: ' if field else ''}"


def _dotted(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in loc)
