"""Who asks: a person or a key, of one organization, with one role."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from dialer.accounts.models import Role
from dialer.errors import NotAllowed, PermanentError

_RANK = {Role.VIEWER: 0, Role.MANAGER: 1, Role.ADMIN: 2}


class NotLoggedIn(PermanentError):
    """Nobody is known to ask: no key, no session, or one that is no longer good."""

    status = 401


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks. `by` is how moves and audit events name them: user:EMAIL or key:NAME."""

    organization_id: UUID
    by: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether this one's role covers `role`: an admin may what a manager may, who may what a viewer may."""
        return _RANK[self.role] >= _RANK[role]

    def require(self, role: Role) -> None:
        """Refuse whoever may not.

        Raises:
            NotAllowed: the role does not cover it.
        """
        if not self.may(role):
            raise NotAllowed(f"This takes the role {role}; yours is {self.role}.")
