"""Serve a generated estate until told to stop: `python -m auditor.simcloud --instances 10000`."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable, Sequence

from auditor.simcloud import aws, gcp
from auditor.simcloud.aws import SimAws
from auditor.simcloud.gcp import SimGcp


def main(argv: Sequence[str] | None = None) -> int:
    """Generate, serve, print the URL as the first line, and wait for SIGTERM or SIGINT."""
    options = _parser().parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with CLOUDS[options.cloud](options) as cloud:
        print(cloud.url, flush=True)
        for name, value in cloud.environment().items():
            print(f"export {name}={value}", flush=True)
        stop.wait()
    return 0


def _aws(options: argparse.Namespace) -> SimAws:
    estate = aws.generate(
        accounts=options.accounts,
        regions=options.regions.split(","),
        instances=options.instances,
        seed=options.seed,
        external_id=options.external_id,
    )
    if options.warm:
        for account in estate.accounts.values():
            for region in account.regions.values():
                region.warm()
    return SimAws(estate, latency=options.latency, port=options.port)


def _gcp(options: argparse.Namespace) -> SimGcp:
    estate = gcp.generate(
        projects=options.accounts,
        zones=options.zones.split(","),
        instances=options.instances,
        seed=options.seed,
    )
    if options.warm:
        for project in estate.projects.values():
            project.warm()
    return SimGcp(estate, latency=options.latency, port=options.port)


CLOUDS: dict[str, Callable[[argparse.Namespace], SimAws | SimGcp]] = {"aws": _aws, "gcp": _gcp}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m auditor.simcloud", description=__doc__)
    parser.add_argument("--cloud", choices=CLOUDS, default="aws")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--accounts", type=int, default=1, help="or projects")
    parser.add_argument("--regions", default="us-east-1", help="names, separated by commas")
    parser.add_argument("--zones", default=",".join(gcp.ZONES), help="the same for Google Cloud")
    parser.add_argument(
        "--instances", type=int, default=100, help="in each region of each account, in each project"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds per answer")
    parser.add_argument(
        "--warm", action="store_true", help="render every answer before serving: for benchmarks"
    )
    parser.add_argument("--external-id", help="asked for by the role in each account")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
