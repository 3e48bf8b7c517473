"""One row of a CSV made into a lead-to-be, or refused with the column, the value and the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from dialer.leads import phones, places, regions, zones
from dialer.leads.cells import clean, folded
from dialer.leads.mapping import Columns
from dialer.leads.models import ConsentType
from dialer.leads.reading import Row

_WRITTEN = frozenset(
    {"written", "express written", "written consent", "express written consent", "prior express written",
     "prior express written consent", "pewc", "signed", "in writing", "schriftlich", "por escrito", "ecrit"}
)  # fmt: skip
_EXPRESS = frozenset(
    {"express", "prior express", "express consent", "prior express consent", "verbal", "oral", "phone", "mundlich"}
)
_YES = frozenset({"yes", "y", "true", "t", "1", "x", "ja", "oui", "si", "sim", "opted in", "opt in", "given"})
_NO = frozenset(
    {"no", "n", "false", "f", "0", "nein", "non", "nao", "none", "opted out", "opt out", "revoked", "denied"}
)

UNKNOWN_COUNTRY = "unknown country"
TOO_MANY_CELLS = "more cells than columns"
UNREADABLE_ZONE = "time zone cannot be read; those of the number are used"
UNREADABLE_CONSENT = "consent cannot be read as one"
ZONES_DISAGREE = "time zone is not one of the number's; both are kept"


@dataclass(frozen=True, slots=True)
class Attestation:
    """What the importer vouches for, for each person of the list whose row says nothing else."""

    type: ConsentType
    evidence: str
    text_version: str = ""


@dataclass(frozen=True, slots=True)
class GivenConsent:
    """What a row, or the attestation for it, says about consent."""

    type: ConsentType
    evidence: str
    text_version: str
    given_at: datetime | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that can become a lead, if its number is neither suppressed nor there already."""

    line: int
    phone: str
    place: places.Place
    first_name: str
    last_name: str
    company: str
    email: str
    fields: dict[str, str]
    consent: GivenConsent | None
    notes: tuple[str, ...]
    cells: Sequence[str]
    """As they stand in the file, for the rejects file."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that does not become a lead, and why."""

    line: int
    column: str
    value: str
    reason: str
    cells: Sequence[str]


class RowReader:
    """Reads the rows of one file. Knows where its columns are; remembers nothing between rows."""

    def __init__(self, columns: Columns, region: str, attestation: Attestation | None, filename: str) -> None:
        self._headers = columns.headers
        self._width = len(columns.headers)
        self._column = dict(columns.columns)
        self._region = region
        self._attestation = attestation
        self._filename = filename
        mapped = set(self._column.values())
        self._others = [(i, header) for i, header in enumerate(columns.headers) if i not in mapped]

    def read(self, row: Row) -> Candidate | Rejected:
        """Make a candidate of a row, or say why not."""
        cells = row.cells
        if row.fault:
            return Rejected(row.line, "", cells[0][:200], row.fault, cells)
        if len(cells) > self._width and any(cell.strip() for cell in cells[self._width :]):
            return Rejected(row.line, "", str(len(cells)), TOO_MANY_CELLS, cells)
        values = [clean(cell) for cell in cells] + [""] * (self._width - len(cells))
        written = values[self._column["phone"]]
        country = self._read_country(values)
        if country is None and "+" not in written:
            return self._reject(row, "country", UNKNOWN_COUNTRY)
        number = phones.read(written, country or self._region)
        if isinstance(number, phones.Refusal):
            return self._reject(row, "phone", number.value)
        return self._candidate(row, values, number)

    def _candidate(self, row: Row, values: list[str], number: phones.Number) -> Candidate:
        fields = {header: values[column] for column, header in self._others if values[column]}
        notes: list[str] = []
        if number.extension:
            fields["extension"] = number.extension
        first_name, last_name = self._names(values, fields)
        email = self._value(values, "email")
        if email and "@" not in email:
            fields[self._headers[self._column["email"]]], email = email, ""
        place = self._place(values, number, fields, notes)
        consent = self._consent(row.line, values, fields, notes)
        return Candidate(
            row.line, number.e164, place, first_name, last_name, self._value(values, "company"), email, fields, consent,
            tuple(notes), row.cells,
        )  # fmt: skip

    def _value(self, values: list[str], name: str) -> str:
        column = self._column.get(name)
        return "" if column is None else values[column]

    def _keep(self, values: list[str], name: str, fields: dict[str, str]) -> None:
        """Keep the cell of a mapped column among the lead's own fields: it could not be made use of."""
        column = self._column[name]
        if values[column]:
            fields[self._headers[column]] = values[column]

    def _reject(self, row: Row, name: str, reason: str) -> Rejected:
        column = self._column[name]
        value = row.cells[column] if column < len(row.cells) else ""
        return Rejected(row.line, self._headers[column], value, reason, row.cells)

    def _read_country(self, values: list[str]) -> str | None:
        column = self._column.get("country")
        return "" if column is None else regions.country(values[column])

    def _names(self, values: list[str], fields: dict[str, str]) -> tuple[str, str]:
        first, last = self._value(values, "first_name"), self._value(values, "last_name")
        full = " ".join(self._value(values, "name").split())
        if not full:
            return first, last
        if first or last:
            self._keep(values, "name", fields)
            return first, last
        if "," in full:
            last, _, first = full.partition(",")
        else:
            first, _, last = full.partition(" ")
        return first.strip(), last.strip()

    def _place(
        self, values: list[str], number: phones.Number, fields: dict[str, str], notes: list[str]
    ) -> places.Place:
        subdivision, known = "", number.zones
        if state := self._value(values, "state"):
            subdivision = regions.subdivision(state, number.region)
            if not subdivision:
                self._keep(values, "state", fields)
        if cell := self._value(values, "timezone"):
            explicit = zones.read(cell, number.region, number.zones)
            if explicit is None:
                self._keep(values, "timezone", fields)
                notes.append(UNREADABLE_ZONE)
            else:
                known = zones.settle(explicit, number.zones)
                if known != explicit:
                    notes.append(ZONES_DISAGREE)
        if "country" in self._column and self._read_country(values) != number.region:
            self._keep(values, "country", fields)
        return _place(number.region, known, subdivision)

    def _consent(self, line: int, values: list[str], fields: dict[str, str], notes: list[str]) -> GivenConsent | None:
        """Say what the row gives. A cell that is filled decides, also against the attestation: "no" is a no."""
        attested = self._attestation
        said = self._value(values, "consent_type")
        if said:
            kind = self._kind(folded(said))
            if kind is None:
                self._keep(values, "consent_type", fields)
                if folded(said) not in _NO:
                    notes.append(UNREADABLE_CONSENT)
                return None
        elif attested is not None:
            kind = attested.type
        else:
            return None
        if proof := self._value(values, "consent_evidence"):
            evidence = proof
        elif attested is not None:
            evidence = attested.evidence
        else:
            header = self._headers[self._column["consent_type"]]
            evidence = f'column "{header}" of {self._filename}, line {line}: {said}'
        given_at, when = None, self._value(values, "consent_at")
        if when and (given_at := _moment(when)) is None:
            evidence = f"{evidence} (given: {when})"
        text = self._value(values, "consent_text") or (attested.text_version if attested else "")
        return GivenConsent(kind, evidence, text, given_at)

    def _kind(self, said: str) -> ConsentType | None:
        if said in _WRITTEN:
            return ConsentType.WRITTEN
        if said in _YES:  # it does not say how: as attested, else the lesser kind
            return self._attestation.type if self._attestation else ConsentType.EXPRESS
        return ConsentType.EXPRESS if said in _EXPRESS else None


@lru_cache(maxsize=4096)
def _place(region: str, known: tuple[str, ...], subdivision: str) -> places.Place:
    return places.place(region, known, subdivision)


def _moment(text: str) -> datetime | None:
    """Read ISO 8601; UTC if it names no zone. Orders of day and month that differ by country are not guessed at."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return None
