"""Who sees which rows of terms: the association all, a side the changes of its own items; the accounts are the association's alone."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, false, select

from catalog.tenancy import Scope, conditions, rule
from service.planning.models import ProposalItem
from service.planning.terms.models import AccountEntry, Amendment, AssociationRule, HandlingRate


def _amendments(scope: Scope) -> Sequence[ColumnElement[bool]]:
    mine = [Amendment.association_id == scope.association_id]
    if scope.organisation_id is not None:
        mine.append(Amendment.item_id.in_(select(ProposalItem.id).where(*conditions(ProposalItem, scope))))
    return mine


def _association_only(model: type[AccountEntry | AssociationRule | HandlingRate]) -> None:
    def mine(scope: Scope) -> list[ColumnElement[bool]]:
        return [model.association_id == scope.association_id, *([] if scope.organisation_id is None else [false()])]

    rule(model, mine)


rule(Amendment, _amendments)
_association_only(AccountEntry)
_association_only(AssociationRule)
_association_only(HandlingRate)
