"""A starter catalogue: what the hills and fields of Bắc Ninh bring to market, with usual shelf lives to be corrected."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Starter:
    """A product of the catalogue."""

    code: str
    name: str
    name_en: str
    shelf_life_days: int
    cold: bool = False
    litres_per_kg: float = 2.0
    grades: tuple[str, ...] = ("loại 1", "loại 2", "loại 3")


CATALOGUE = (
    Starter("vai-thieu", "Vải thiều", "Lychee", 5),
    Starter("vai-som", "Vải chín sớm", "Early lychee", 4),
    Starter("nhan", "Nhãn", "Longan", 6),
    Starter("na", "Na", "Sugar apple", 4),
    Starter("buoi", "Bưởi", "Pomelo", 30),
    Starter("cam", "Cam", "Orange", 20),
    Starter("dua", "Dứa", "Pineapple", 7),
    Starter("oi", "Ổi", "Guava", 6),
    Starter("dua-hau", "Dưa hấu", "Watermelon", 10),
    Starter("khoai-tay", "Khoai tây", "Potato", 45, litres_per_kg=1.6),
    Starter("ca-rot", "Cà rốt", "Carrot", 25, litres_per_kg=1.8),
    Starter("hanh-toi", "Hành, tỏi", "Onion and garlic", 60),
    Starter("dua-chuot", "Dưa chuột", "Cucumber", 6),
    Starter("ca-chua", "Cà chua", "Tomato", 8),
    Starter("bi-xanh", "Bí xanh", "Wax gourd", 20),
    Starter("rau-an-la", "Rau ăn lá", "Leaf vegetables", 3, cold=True, litres_per_kg=5.0),
    Starter("nam", "Nấm tươi", "Fresh mushrooms", 5, cold=True, litres_per_kg=4.0),
    Starter("mi-gao", "Mì gạo", "Rice noodles", 180, grades=("loại 1", "loại 2")),
    Starter("gao-nep", "Gạo nếp", "Sticky rice", 180, litres_per_kg=1.3, grades=("loại 1", "loại 2")),
    Starter("mat-ong", "Mật ong", "Honey", 540, litres_per_kg=0.8, grades=("loại 1",)),
)
