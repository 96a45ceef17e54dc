"""What is said of a policy that can't be: every refusal in Vietnamese and English, part of the catalogue of `matching.texts`."""

from __future__ import annotations

from typing import Any

from matching import texts
from matching.model.errors import InputIssue
from matching.texts import Words

TABLE = "policy"
PREFIX = "policy."
TEXTS: dict[str, Words] = {
    # what can't be read --------------------------------------------------------------------------------------------------
    "unreadable": ("Cần một đối tượng JSON đọc được ({error}).", "a JSON object that can be read ({error})"),
    "object": ("Cần một đối tượng JSON.", "a JSON object"),
    "unknown_key": ("Không có mục này; các mục là {known}.", "no such key: they are {known}"),
    "goals": ("Nêu danh sách mục tiêu, quan trọng nhất đứng trước.", "a list of goals, the most important first"),
    "goal": ("Chọn một trong {known}.", "one of {known}"),
    "floors": ("Nêu danh sách tối đa {most} mức bán tối thiểu.", "a list of at most {most} floors"),
    "floor": ("Mức bán tối thiểu cần có share_pct và nói rõ áp dụng cho ai.", "an object with share_pct and who is meant"),
    "suppliers": ("Nêu danh sách tối đa {most} mã bên bán.", "a list of at most {most} ids of suppliers"),
    "share": ("Ghi tỷ lệ phần trăm trên 0 và tối đa 100.", "a share in per cent, above 0 and at most 100"),
    "who": (
        "Nói rõ áp dụng cho ai: suppliers, small_below_kg hoặc new_below_deliveries.",
        "who is meant: suppliers, small_below_kg or new_below_deliveries",
    ),
    "text": ("Ghi tối đa 200 ký tự.", "a text of at most 200 characters"),
    "whole": ("Ghi số nguyên từ 0 đến {most}.", "a whole number from 0 to {most}"),
    "number_above": ("Ghi số trên {least} và tối đa {most}.", "a number above {least} and at most {most}"),
    "number_from": ("Ghi số từ {least} đến {most}.", "a number from {least} to {most}"),
    # what contradicts itself -----------------------------------------------------------------------------------------------
    "goal_twice": (
        "Mỗi mục tiêu chỉ nêu một lần: một mục tiêu không thể đứng ở hai bậc.",
        "each goal once: one goal can't stand on two ranks",
    ),
    "fairness_without_floor": (
        "Cần ít nhất một mức bán tối thiểu: mục tiêu công bằng nghĩa là thiếu so với mức bán tối thiểu càng ít càng tốt.",
        "at least one floor, for the goal is to fall short of the floors by as little as can be",
    ),
    "changes_twice": (
        "Chọn giá cho mỗi kg thay đổi, hoặc mục tiêu ít thay đổi, không cả hai: giá thì cân với lợi ích, mục tiêu thì xếp bậc.",
        "a price of changes, or changes among the ranked goals, not both: a price weighs them against worth, a rank puts them beside it",
    ),
    "floor_name": ("Đặt cho mỗi mức bán tối thiểu một tên riêng.", "a name of its own for each floor"),
    # what can't hold for this input ----------------------------------------------------------------------------------------
    "no_previous": (
        "Cần một kế hoạch trước đó: ngày giữ nguyên, giá cho mỗi kg thay đổi và ít thay đổi đều so với kế hoạch ấy.",
        "an earlier plan: frozen days, a price of changes and few changes speak of one",
    ),
    "no_history": (
        "Cần bảng deliveries: không có lịch sử giao hàng thì không biết ai là bên bán mới.",
        "a table deliveries, without which nobody knows who is new",
    ),
    "cap_too_low": (
        "Tỷ trọng tối đa phải từ {least}% trở lên: chỉ có {count} bên bán bán được hàng, mà phần của họ cộng lại phải đủ 100%.",
        "a cap of at least {least}%: {count} suppliers have something to sell, and their parts add up to 100%",
    ),
    "floor_over_cap": (
        "Mức bán tối thiểu vượt tỷ trọng tối đa: bên bán này phải đạt {due_kg}, mà {cap}% của tất cả những gì bán được chỉ là {most_kg}.",
        "a floor that the cap leaves room for: it asks for {due_kg} of this supplier, and {cap}% of all that can be sold is {most_kg}",
    ),
    "too_large": (
        "Có nguyên tắc phân bổ thì chỉ lập được kế hoạch tối đa {most} lô và dòng hàng, {sites} điểm một lần: hãy lập riêng từng tỉnh.",
        "at most {most} lots and lines and {sites} sites under a policy: plan each province by itself",
    ),
    "volumes_alone": (
        "Hãy lập kế hoạch có chuyến xe: kế hoạch chỉ tính khối lượng không áp dụng được nguyên tắc phân bổ.",
        "direct or full trips: volumes alone know no policy",
    ),
}

texts.register({PREFIX + code: words for code, words in TEXTS.items()})


def refusal(where: str, value: str, code: str, **figures: Any) -> InputIssue:
    """Return what is wrong with a policy, said in English and named by its code, so that it can be said in any language.

    Parameters
    ----------
    where : key of the policy.
    value : what stands there.
    code : of `TEXTS`.
    figures : what fills the text's places.
    """
    known = tuple(figures.items())
    return InputIssue(TABLE, 0, where, value, texts.say(PREFIX + code, "en", **figures), PREFIX + code, known)
