"""The simulated Google Cloud runs as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tomllib
import urllib.request


def test_serves_until_terminated():
    command = [sys.executable, "-m", "auditor.simcloud", "--cloud", "gcp", "--warm"]
    command += ["--instances", "20", "--accounts", "2", "--regions", "us-east1-b,us-west1-a"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        url = process.stdout.readline().decode().strip()
        with urllib.request.urlopen(f"{url}/v3/projects:search") as answer:
            projects = [found["projectId"] for found in json.load(answer)["projects"]]
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert projects == ["acme-production", "acme-staging"]
        section = tomllib.loads(process.stdout.read().decode())["gcp"]
        assert section["endpoint"] == section["logging_endpoint"] == url
        assert section["projects"] == projects
        assert process.stderr.read() == b""
