"""Every reason has its words wherever people meet it."""

from __future__ import annotations

import pytest

from matching.explain.texts import TEXTS
from matching.model.reasons import AFTER_PLAN, FUNNEL, MEANING, Reason
from service.web import near_misses, reasons

OF_THE_LINE_ALONE, OF_THE_LOT_ALONE = Reason.NO_SUPPLY_OF_PRODUCT, Reason.NO_DEMAND_FOR_PRODUCT


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_has_a_meaning_and_words_in_both_languages(reason: Reason) -> None:
    assert MEANING[reason]
    for code in (f"reason.{reason.value}", f"step.{reason.value}"):
        assert all(TEXTS[code]), code
    for side, others in (("lot", OF_THE_LINE_ALONE), ("line", OF_THE_LOT_ALONE)):
        assert reason is others or all(TEXTS[f"why.{side}.{reason.value}"])


@pytest.mark.parametrize("reason", list(Reason))
def test_a_near_miss_of_every_step_can_be_said(reason: Reason) -> None:
    assert any(code == f"miss.{reason.value}" or code.startswith(f"miss.{reason.value}.") for code in TEXTS)


def test_pages_have_words_for_every_reason() -> None:
    assert set(near_misses.STEPS) == set(Reason)
    assert set(reasons.OF_LOT) == {reason.value for reason in Reason if reason is not OF_THE_LINE_ALONE}
    assert set(reasons.OF_LINE) == {reason.value for reason in Reason if reason is not OF_THE_LOT_ALONE}


def test_every_reason_is_a_step() -> None:
    assert {*FUNNEL, OF_THE_LINE_ALONE, *AFTER_PLAN} == set(Reason)
