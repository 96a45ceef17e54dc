"""Who sees which policies: the association's own people all of them, organisations none."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false

from catalog.tenancy import Scope, rule, within
from service.planning.policies.models import AllocationPolicy, AllocationPolicyVersion


def _association_only(scope: Scope) -> list[ColumnElement[bool]]:
    return [AllocationPolicy.association_id == scope.association_id, *([] if scope.organisation_id is None else [false()])]


rule(AllocationPolicy, _association_only)
within(AllocationPolicyVersion, AllocationPolicyVersion.policy_id, AllocationPolicy)
