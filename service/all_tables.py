"""Every table at once: importing this module makes `Base.metadata` whole."""

from __future__ import annotations

import buyers.models
import catalog.holiday_models
import catalog.models
import catalog.sheet_models
import service.models
import service.planning.joint.models
import service.planning.joint.repository
import service.planning.models
import service.planning.policies.models
import service.planning.policies.repository
import service.planning.repository
import service.planning.terms.models
import service.planning.terms.repository
from catalog.base import Base

ROOMS = (
    catalog.holiday_models, catalog.models, catalog.sheet_models, buyers.models, service.planning.models, service.planning.policies.models,
    service.planning.terms.models, service.planning.joint.models,
)  # fmt: skip
"""The modules whose tables make up the database, besides the service's own."""
metadata = Base.metadata
