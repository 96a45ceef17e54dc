"""Who signs for whom, and what certificates and planting areas prove on which days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from buyers.models import DemandLine, LineRequirement, LineStatus
from catalog.models import Certificate, Organisation, PlantingArea, Suspension
from service.planning.columns import Columns, of

Window = tuple[date, date]
CERTIFICATE_COLUMNS = ("organisation_id", "product_id", "scheme", "level", "valid_from", "valid_until", "withdrawn_on", "waiting")


class CertificateRow(NamedTuple):
    """One unbroken window of one proof; without a product it covers all."""

    supplier: str
    product_id: int | None
    scheme: str
    level: int
    first: date
    last: date


class Proof(NamedTuple):
    """One unbroken window of what a certificate or a planting area proves; without a product it covers all."""

    product_id: int | None
    scheme: str
    level: int
    first: date
    last: date


class Signers:
    """Who signs for whom: the party that a problem calls the supplier.

    A cooperative signs for itself and a group's sponsor for the group, so all that one sponsor signs for is one supplier. As a certificate
    covers what its holder grows, not all that his sponsor signs for, a group that holds other certificates of a scheme that some line asks
    for stands as a supplier of its own, named ``sponsor/group``; groups of one sponsor that hold the same ones stand as one.
    """

    def __init__(self, session: Session, association_id: int) -> None:
        rows = session.execute(of(Organisation, association_id, "code", "sponsor_id")).all()
        self._code: dict[int, str] = {number: code for number, code, _ in rows}
        self._sponsor: dict[int, int | None] = {number: sponsor for number, _, sponsor in rows}
        self.proofs = [*_certificates(session, association_id), *_planting_areas(session, association_id)]
        self._asked_for, self._of = _asked_for(session, association_id), _by_holder(self.proofs)
        self._same: dict[tuple[int, frozenset[Proof]], str] = {}
        for number, code, sponsor in sorted(rows, key=lambda row: row.code):
            if sponsor is not None:
                self._same.setdefault((sponsor, self._held(number)), code)

    def of_lots(self, lots: Columns) -> list[str]:
        """Return the supplier of every lot."""
        return [self.name(grower, signer) for grower, signer in zip(lots["organisation_id"], lots["supplier_id"])]

    def holder(self, organisation_id: int) -> str:
        """Return the supplier that an organisation's certificates count for."""
        return self.name(organisation_id, self._sponsor[organisation_id] or organisation_id)

    def name(self, grower: int, signer: int) -> str:
        """Return the supplier's name of what one grows and another signs for."""
        held = self._held(grower)
        if grower == signer or held == self._held(signer):
            return self._code[signer]
        return f"{self._code[signer]}/{self._same.get((signer, held), self._code[grower])}"

    def _held(self, organisation_id: int) -> frozenset[Proof]:
        return frozenset(proof for proof in self._of.get(organisation_id, ()) if proof.scheme in self._asked_for)


def certificate_rows(signers: Signers) -> list[CertificateRow]:
    """Return what certificates prove, and after them what planting areas do; suspended and withdrawn days are cut out.

    What several groups that stand as one supplier all hold counts once.
    """
    rows = [(holder, CertificateRow(signers.holder(holder), *proof)) for holder, proof in signers.proofs]
    first_holder: dict[CertificateRow, int] = {}
    return [row for holder, row in rows if first_holder.setdefault(row, holder) == holder]


def _asked_for(session: Session, association_id: int) -> frozenset[str]:
    """Return the schemes that some line which isn't over asks for."""
    query = select(LineRequirement.scheme).join(DemandLine, DemandLine.id == LineRequirement.line_id).distinct()
    over = (LineStatus.FILLED, LineStatus.CANCELLED)
    return frozenset(session.scalars(query.where(DemandLine.association_id == association_id, DemandLine.status.not_in(over))))


def _by_holder(proofs: Iterable[tuple[int, Proof]]) -> dict[int, list[Proof]]:
    """Return what each organisation can prove, by its number."""
    found: dict[int, list[Proof]] = {}
    for holder, proof in proofs:
        found.setdefault(holder, []).append(proof)
    return found


def _certificates(session: Session, association_id: int) -> Iterator[tuple[int, Proof]]:
    suspended: dict[int, list[Window]] = {}
    for row in session.scalars(select(Suspension).join(Certificate).where(Certificate.association_id == association_id)):
        suspended.setdefault(row.certificate_id, []).append((row.from_day, row.until_day or date.max))
    for c in session.execute(of(Certificate, association_id, *CERTIFICATE_COLUMNS)):
        if c.waiting:
            continue
        gaps = suspended.get(c.id, []) + ([(c.withdrawn_on, date.max)] if c.withdrawn_on else [])
        for window in valid_windows(c.valid_from, c.valid_until, gaps):
            yield c.organisation_id, Proof(c.product_id, c.scheme, c.level, *window)


def _planting_areas(session: Session, association_id: int) -> Iterator[tuple[int, Proof]]:
    for area in session.scalars(_accepted_areas(association_id)):
        gaps = [(area.suspended_from, area.suspended_until or date.max)] if area.suspended_from else []
        for window in valid_windows(area.valid_from, area.valid_until, gaps):
            yield area.organisation_id, Proof(area.product_id, f"PUC:{area.market}", 0, *window)


def _accepted_areas(association_id: int) -> Select[PlantingArea]:
    mine = (PlantingArea.association_id == association_id, PlantingArea.waiting.is_(False))
    return select(PlantingArea).where(*mine).order_by(PlantingArea.id)


def valid_windows(first: date, last: date, gaps: Iterable[Window]) -> list[Window]:
    """Return the windows that gaps leave of a window of dates; all ends are included."""
    windows = []
    for start, end in sorted(gaps):
        if start > last or end < first:
            continue
        if start > first:
            windows.append((first, start - timedelta(days=1)))
        if end >= last:
            return windows
        first = end + timedelta(days=1)
    return [*windows, (first, last)]
