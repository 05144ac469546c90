"""The section `behaviour`: change windows in local time, and the errors of what cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.config import load_config
from auditor.config.windows import open_times, read_window, read_zone
from auditor.errors import ConfigError


def opened(windows: list[str], zone: str, first: str, last: str) -> list[str]:
    found = open_times(
        [read_window(text) for text in windows],
        read_zone(zone),
        first=datetime.fromisoformat(first).replace(tzinfo=UTC),
        last=datetime.fromisoformat(last).replace(tzinfo=UTC),
    )
    return [f"{a:%m-%d %H:%M} {b:%m-%d %H:%M}" for a, b in found if f"{a:%F}" >= first]


def test_a_week_in_utc() -> None:
    assert opened(["Mon-Fri 08:00-18:00"], "UTC", "2026-01-02", "2026-01-05") == [
        "01-02 08:00 01-02 18:00",
        "01-05 08:00 01-05 18:00",
        "01-06 08:00 01-06 18:00",
    ]


def test_clocks_that_go_forward() -> None:
    assert opened(["Sat-Mon 08:00-09:00"], "Europe/Berlin", "2026-03-28", "2026-03-29") == [
        "03-28 07:00 03-28 08:00",
        "03-29 06:00 03-29 07:00",
        "03-30 06:00 03-30 07:00",
    ]


def test_windows_past_midnight_and_side_by_side_are_one() -> None:
    windows = ["Sat,Sun 22:00-02:00", "Sun 02:00-04:00", "Fri-Mon 23:00-23:30"]
    assert opened(windows, "UTC", "2026-01-03", "2026-01-04")[:2] == [
        "01-03 22:00 01-04 04:00",
        "01-04 22:00 01-05 02:00",
    ]


def test_some_window_lies_before_the_first_event() -> None:
    found = open_times(
        [read_window("Mon 08:00-09:00")],
        UTC,
        first=datetime(2026, 1, 5, 7, tzinfo=UTC),
        last=datetime(2026, 1, 5, 8, tzinfo=UTC),
    )
    assert found[0][1] < datetime(2026, 1, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('change_windows = ["Mon-Fri 8-18"]', "write it as 'Mon-Fri 08:00-18:00'"),
        ('change_windows = ["Mon-Fro 08:00-18:00"]', "names no day 'fro'"),
        ('change_windows = ["Mon 08:00-25:00"]', "names no time 25:00"),
        ('change_windows = ["Mon 08:00-08:00"]', "a whole day is 00:00-24:00"),
        ('change_windows = ["Mon 24:00-08:00"]', "write 00:00 of the day after"),
        ('timezone = "Mars/Olympus"', "behaviour.timezone - no time zone 'Mars/Olympus'"),
        ('timezone = "../etc"', "no time zone"),
        ("changes_per_hour = 0", "behaviour.changes_per_hour - "),
        ('approved_creators = [""]', "behaviour.approved_creators - "),
        ("approved_creator = []", "did you mean behaviour.approved_creators?"),
    ],
)
def test_errors_name_the_key(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "audit.toml").write_text(f"[behaviour]\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "audit.toml")
    assert said in caught.value.diagnostics()
