"""Promise: the page says of every finding what the code does, and the code knows no finding beside the table."""

from __future__ import annotations

import re
from pathlib import Path

from forecast_pipeline.candles.findings import POLICY
from forecast_pipeline.candles.vendors.registry import AUTO, READERS

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_lists_every_finding_with_its_verdict_in_order():
    page = (ROOT / "docs" / "schemas.md").read_text(encoding="utf-8")
    section = page.split("### The policy")[1].split("\n## ")[0]

    listed = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \|", section, re.MULTILINE)

    assert listed == [(name, each.verdict, each.meaning) for name, each in POLICY.items()]


def test_operations_lists_every_format():
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    listed = re.findall(r"^\| `(\w[\w-]*)` \|", page.split("### Formats")[1].split("### Downloads")[0], re.MULTILINE)

    assert sorted(listed) == sorted(READERS)
    assert AUTO in page


def test_no_reader_counts_a_finding_that_the_table_does_not_know():
    package = ROOT / "forecast_pipeline" / "candles"
    counted = set()
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        counted |= set(re.findall(r"(?:dropped|repaired|accepted)\b[^\n]*\{\"(\w+)\":", text))
        counted |= set(re.findall(r"reason=pl\.lit\(\"(\w+)\"\)", text))

    assert counted
    assert sorted(counted - set(POLICY)) == []
