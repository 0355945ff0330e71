"""Guards the page on use from Python: its example runs as it stands, in about ten lines."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "python.md"


def test_the_example_of_the_page_runs(tmp_path, monkeypatch, capsys) -> None:
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL).group(1)
    monkeypatch.chdir(tmp_path)
    names: dict = {}

    exec(compile(example, str(PAGE), "exec"), names)  # noqa: S102 - the page is ours

    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    assert names["draws"].prices.shape == names["later"].prices.shape == (1000, 30)
    assert names["later"].last_close == 1.16
    assert "touches" in capsys.readouterr().out
