import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from citizenapp.local import secret_key


def test_the_key_is_made_once_and_kept(tmp_path: Path) -> None:
    key = secret_key.read(tmp_path / "var")
    assert len(key) >= 50
    assert secret_key.read(tmp_path / "var") == key
    assert secret_key.read(tmp_path / "another") != key


def test_nobody_else_can_read_the_key(tmp_path: Path) -> None:
    secret_key.read(tmp_path)
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: secret_key.read(tmp_path), range(64)))
    assert len(keys) == 1
