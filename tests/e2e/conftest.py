"""What the end-to-end tests share: the command as a user runs it, and a moto server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auditor.simcloud.aws import SimAws

AUDIT = Path(sys.executable).parent / "audit"


@dataclass
class Cli:
    """Runs `audit` in a folder of its own, as cron or a person would."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *args: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [AUDIT, *args],
            cwd=self.folder,
            env=self.full_environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start `audit` and return while it runs."""
        return subprocess.Popen(
            [AUDIT, *args],
            cwd=self.folder,
            env=self.full_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def full_environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "AUDIT"))}
        return {**kept, "NO_COLOR": "1", **self.environment}

    def run(self, *args: str) -> tuple[int, dict[str, Any]]:
        """Return exit code and document of `audit run --json`."""
        done = self("run", "--json", *args)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def json(self, *args: str) -> Any:
        done = self(*args, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def configure(self, text: str) -> None:
        (self.folder / "audit.toml").write_text(text)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.fixture
def moto_url() -> Iterator[str]:
    """A moto server of its own, on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield url
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(url: str) -> None:
    for _ in range(150):
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"nothing answers at {url}")


SIMCLOUD_TABLES = (
    "aws_ec2_instances",
    "aws_ec2_security_groups",
    "aws_ec2_security_group_rules",
)


def read(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Coverage of what the run was asked to read."""
    return [c for c in document["coverage"] if c["status"] != "skipped"]


def simulated(
    cli: Cli, cloud: SimAws, *, regions: Sequence[str], more: str = "", read_timeout: int = 5
) -> None:
    """Point the command at a simulated cloud and read three tables of one account."""
    cli.environment = {**cli.environment, **cloud.environment()}
    cli.configure(
        f"[run]\ntables = {list(SIMCLOUD_TABLES)}\nmax_attempts = 3\n"
        f"read_timeout = {read_timeout}\n{more}\n[aws]\nregions = {list(regions)}\n"
    )
