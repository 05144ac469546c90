"""The simulated cloud runs as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.error
import urllib.request


def test_serves_until_terminated():
    command = [sys.executable, "-m", "auditor.simcloud", "--instances", "20", "--accounts", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        url = process.stdout.readline().decode().strip()
        try:
            urllib.request.urlopen(url, data=b"Action=DescribeInstances")
        except urllib.error.HTTPError as error:
            assert error.status == 401
            assert b"<Code>AuthFailure</Code>" in error.read()
            error.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert process.stderr.read() == b""


def test_serves_azure():
    command = [sys.executable, "-m", "auditor.simcloud", "--cloud", "azure", "--instances", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        url, section, *_ = (process.stdout.readline().decode().strip() for _ in range(4))
        with urllib.request.urlopen(f"{url}/subscriptions?api-version=2022-12-01") as answer:
            assert b'"state":"Enabled"' in answer.read()
        assert section == "[azure]"
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert process.stderr.read() == b""
