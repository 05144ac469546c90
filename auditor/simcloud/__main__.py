"""Serve a generated estate until told to stop: `python -m auditor.simcloud --instances 10000`."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from collections.abc import Callable, Mapping, Sequence

from auditor.simcloud import aws, azure, gcp
from auditor.simcloud.server import SimCloud

Serving = tuple[SimCloud, Callable[[], list[str]]]
"""A cloud that is not running yet, and what tells how to point the auditor at it once it is."""


def main(argv: Sequence[str] | None = None) -> int:
    """Generate, serve, print the URL as the first line, and wait for SIGTERM or SIGINT."""
    options = _parser().parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serving, hints = CLOUDS[options.cloud](options)
    with serving as cloud:
        for line in (cloud.url, *hints()):
            print(line, flush=True)
        stop.wait()
        print(f"# {sum(cloud.calls.values())} calls", flush=True)
    return 0


def _aws(options: argparse.Namespace) -> Serving:
    estate = aws.generate(
        accounts=options.accounts,
        regions=(options.regions or "us-east-1").split(","),
        instances=options.instances,
        seed=options.seed,
        external_id=options.external_id,
    )
    if options.warm:
        for account in estate.accounts.values():
            for region in account.regions.values():
                region.warm()
    cloud = aws.SimAws(estate, latency=options.latency, port=options.port)
    return cloud, lambda: [f"export {name}={value}" for name, value in cloud.environment().items()]


def _azure(options: argparse.Namespace) -> Serving:
    estate = azure.generate(
        subscriptions=options.accounts,
        locations=(options.regions or "eastus").split(","),
        machines=options.instances,
        seed=options.seed,
    )
    if options.warm:
        for subscription in estate.subscriptions.values():
            subscription.warm()
    cloud = azure.SimAzure(estate, latency=options.latency, port=options.port)
    return cloud, lambda: _section("azure", cloud.configuration())


def _gcp(options: argparse.Namespace) -> Serving:
    estate = gcp.generate(
        projects=options.accounts,
        zones=(options.regions or ",".join(gcp.ZONES)).split(","),
        instances=options.instances,
        seed=options.seed,
    )
    if options.warm:
        for project in estate.projects.values():
            project.warm()
    cloud = gcp.SimGcp(estate, latency=options.latency, port=options.port)
    return cloud, lambda: _section("gcp", cloud.configuration())


def _section(name: str, keys: Mapping[str, object]) -> list[str]:
    """Return the lines of a section of the configuration file."""
    return [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]


CLOUDS: dict[str, Callable[[argparse.Namespace], Serving]] = {
    "aws": _aws,
    "azure": _azure,
    "gcp": _gcp,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m auditor.simcloud", description=__doc__)
    parser.add_argument("--cloud", choices=CLOUDS, default="aws")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--accounts", type=int, default=1, help="or subscriptions, or projects")
    parser.add_argument(
        "--regions", help="names, separated by commas; zones for gcp; usually the first there is"
    )
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
