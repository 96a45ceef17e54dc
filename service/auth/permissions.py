"""The one place that says which role may do what.

A permission is also a scope of an API key: a key does what its role and its scopes both allow. What concerns a whole association is
closed to an account or key that is bound to one organisation, whatever its role says.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from service.models import Role


class Permission(StrEnum):
    """Something that a route does, named ``what:read`` or ``what:write`` where that says it."""

    OWN_ACCOUNT = "account:own"
    CATALOG_READ = "catalog:read"
    CATALOG_WRITE = "catalog:write"
    ORGANISATIONS_READ = "organisations:read"
    ORGANISATIONS_WRITE = "organisations:write"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    SITES_READ = "sites:read"
    SITES_WRITE = "sites:write"
    CERTIFICATES_READ = "certificates:read"
    CERTIFICATES_WRITE = "certificates:write"
    CERTIFICATES_SUSPEND = "certificates:suspend"
    LOTS_READ = "lots:read"
    LOTS_WRITE = "lots:write"
    DEMAND_READ = "demand:read"
    DEMAND_WRITE = "demand:write"
    CONTRACTS_READ = "contracts:read"
    CONTRACTS_WRITE = "contracts:write"
    CONTRACTS_SIGN = "contracts:sign"
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    PLANS_READ = "plans:read"
    PROPOSALS_READ = "proposals:read"
    PROPOSALS_DECIDE = "proposals:decide"
    PROPOSALS_CONFIRM = "proposals:confirm"
    SHIPMENTS_READ = "shipments:read"
    SHIPMENTS_WRITE = "shipments:write"
    RECEIPTS_READ = "receipts:read"
    RECEIPTS_WRITE = "receipts:write"
    SETTLEMENTS_READ = "settlements:read"
    SETTLEMENTS_WRITE = "settlements:write"
    EXPORTS_READ = "exports:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_WRITE = "accounts:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    AUDIT_READ = "audit:read"
    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"
    ASSOCIATIONS_WRITE = "associations:write"
    METRICS_READ = "metrics:read"


P = Permission
_COMMON = frozenset(
    {P.OWN_ACCOUNT, P.CATALOG_READ, P.ORGANISATIONS_READ, P.SITES_READ, P.PROPOSALS_READ, P.SHIPMENTS_READ, P.RECEIPTS_READ,
     P.SETTLEMENTS_READ}
)  # fmt: skip
_CLERK = _COMMON | {
    P.MEMBERS_READ, P.MEMBERS_WRITE, P.SITES_WRITE, P.CERTIFICATES_READ, P.CERTIFICATES_WRITE, P.LOTS_READ, P.LOTS_WRITE,
    P.CONTRACTS_READ, P.CONTRACTS_SIGN,
    P.PROPOSALS_CONFIRM, P.EXPORTS_READ,
}  # fmt: skip
_PROCUREMENT = _COMMON | {
    P.SITES_WRITE, P.DEMAND_READ, P.DEMAND_WRITE, P.CONTRACTS_READ, P.CONTRACTS_WRITE, P.CONTRACTS_SIGN, P.PROPOSALS_CONFIRM,
    P.RECEIPTS_WRITE,
    P.EXPORTS_READ,
}  # fmt: skip
_BROKER = _CLERK | _PROCUREMENT | {
    P.CERTIFICATES_SUSPEND, P.CATALOG_WRITE, P.ORGANISATIONS_WRITE, P.RUNS_READ, P.RUNS_WRITE, P.PLANS_READ, P.PROPOSALS_DECIDE,
    P.SHIPMENTS_WRITE, P.SETTLEMENTS_WRITE, P.SETTINGS_READ,
}  # fmt: skip
_MANAGER = _BROKER | {
    P.WEBHOOKS_READ, P.WEBHOOKS_WRITE, P.ACCOUNTS_READ, P.ACCOUNTS_WRITE, P.KEYS_READ, P.KEYS_WRITE, P.AUDIT_READ, P.SETTINGS_WRITE,
}  # fmt: skip
_READING = frozenset(p for p in Permission if p.value.endswith(":read"))
ORGANISATION_LEVEL = frozenset(_CLERK | _PROCUREMENT | {P.WEBHOOKS_READ, P.WEBHOOKS_WRITE})
"""All that an account or a key of one organisation can ever do."""
PARTNER_SCOPES = frozenset(_MANAGER - {P.OWN_ACCOUNT, P.ACCOUNTS_READ, P.ACCOUNTS_WRITE, P.KEYS_READ, P.KEYS_WRITE, P.SETTINGS_WRITE})
"""Scopes that a partner's key may be given: all but what hands out further access."""

MATRIX: dict[Role, frozenset[Permission]] = {
    Role.CLERK: frozenset(_CLERK),
    Role.PROCUREMENT: frozenset(_PROCUREMENT),
    Role.BROKER: frozenset(_BROKER),
    Role.MANAGER: frozenset(_MANAGER),
    Role.ADMINISTRATOR: frozenset(Permission),
    Role.AUDITOR: _READING - {P.METRICS_READ} | {P.OWN_ACCOUNT},
    Role.PARTNER: PARTNER_SCOPES,
}
BOUND_ROLES = frozenset({Role.CLERK, Role.PROCUREMENT})
"""Roles of an account that belongs to one organisation."""


def granted(roles: Iterable[Role], organisation_id: int | None, scopes: Iterable[str] | None = None) -> frozenset[Permission]:
    """Return what an account or key may do.

    Parameters
    ----------
    roles : its roles.
    organisation_id : the organisation that it is bound to, None for the association's own.
    scopes : the scopes of a key; None for a person.
    """
    held = frozenset[Permission]().union(*(MATRIX[role] for role in roles))
    if organisation_id is not None:
        held &= ORGANISATION_LEVEL
    return held if scopes is None else frozenset(permission for permission in held if permission.value in frozenset(scopes))
