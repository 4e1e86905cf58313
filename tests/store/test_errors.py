from __future__ import annotations

import subprocess
import sys

from outwait.store.errors import ResultTooLarge, StorageFull, StoreError, damaged


def test_damage_names_the_file_and_the_cure() -> None:
    text = str(damaged("/data/outwait.db", "SQLITE_CORRUPT"))
    assert "sqlite3 /data/outwait.db .recover | sqlite3 /data/outwait.db.recovered" in text
    assert "restore it from a backup" in str(damaged("postgresql://h/d", "XX001"))


def test_what_is_wrong_can_be_handled_without_the_database() -> None:
    rooms = ("errors", "rows", "lives")
    code = f"import sys, {', '.join(f'outwait.store.{room}' for room in rooms)}; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_each_says_what_to_do() -> None:
    assert "free some on its disk" in str(StorageFull("/data/outwait.db"))
    assert "more than 64 bytes" in str(ResultTooLarge(64))
    assert issubclass(StorageFull, StoreError)
