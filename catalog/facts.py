"""Figures set by law or custom that come with the program, each with its dates and its source; what an installation states itself stays."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.models import LegalFact

Known = tuple[str, str, date, str, str]
"""Key, value, first day in force, source, note."""
FACTS: tuple[Known, ...] = (
    ("ocop.months", "36", date(2023, 2, 24), "danang.gov.vn; doanhnghiepkinhtexanh (2023)",
     "Tính từ ngày công nhận, sản phẩm 3 đến 5 sao; bộ tiêu chí theo Quyết định 148/QĐ-TTg ngày 24/02/2023."),
    ("ocop.granted_by", "tỉnh: 3 và 4 sao; trung ương: 5 sao", date(2025, 7, 6), "Quyết định 1489/QĐ-TTg ngày 06/07/2025",
     "Cấp xã chỉ kiểm tra ban đầu."),
    ("vietgap.months", "24", date(2017, 10, 17), "vietcert.org; TCVN 11892-1:2017", "Có thể gia hạn nhiều nhất 3 tháng."),
    ("gacc.decree", "280", date(2026, 6, 1), "sggp.org.vn ngày 13/03/2026", "Thay Lệnh 248 về doanh nghiệp xuất khẩu sang Trung Quốc."),
)  # fmt: skip


def state(session: Session) -> int:
    """State the facts that aren't on file yet; return how many those were."""
    known = {(key, since) for key, since in session.execute(select(LegalFact.key, LegalFact.valid_from))}
    fresh = [one for one in FACTS if (one[0], one[2]) not in known]
    session.add_all(
        LegalFact(key=key, value=value, valid_from=since, source=source, note=note) for key, value, since, source, note in fresh
    )
    session.flush()
    return len(fresh)
