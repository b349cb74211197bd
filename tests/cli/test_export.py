from pathlib import Path
from typing import Any


def test_export(tipd: Any, fake: Any, tmp_path: Path) -> None:
    fake.answers["GET", "/api/v1/exports/all.txt"] = 200, b"192.0.2.7\n"
    fake.answers["GET", "/api/v1/exports/all.jsonl"] = 200, b"{}\n"
    assert tipd("export", "--kind", "ipv4", "--source", "a b").out == "192.0.2.7\n"
    assert fake.asked[0][1] == "/api/v1/exports/all.txt?kind=ipv4&source=a+b"
    assert tipd("export", "--json").out == "{}\n"
    assert tipd("export", "all.jsonl").out == "{}\n"
    assert tipd("export", "all.csv", "--format", "txt").out == "192.0.2.7\n"
    file = tmp_path / "list.txt"
    file.write_text("old")
    file.chmod(0o640)
    ran = tipd("export", "--output", str(file))
    assert (ran.code, ran.out, file.read_text()) == (0, "", "192.0.2.7\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert tipd("export", "nothing").code == 1


def test_an_export_cut_off_leaves_the_old_file(tipd: Any, fake: Any, tmp_path: Path) -> None:
    fake.answers["GET", "/api/v1/exports/all.txt"] = 200, b"192.0.2.7\n", {"X-Length": "1000"}
    file = tmp_path / "list.txt"
    file.write_text("old")
    ran = tipd("export", "--output", str(file))
    assert (ran.code, file.read_text()) == (69, "old")
    assert "cut off" in ran.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["list.txt"]
    assert tipd("export", "--output", str(tmp_path / "no" / "list.txt")).code == 78
