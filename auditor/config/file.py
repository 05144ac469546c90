"""Read the configuration file: errors name file, key and the nearest known key."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from auditor.config.sections import Config
from auditor.errors import ConfigError

DEFAULT_FILE = "audit.toml"
"""Read from the working directory when `--config` is not given and it exists."""


def load_config(path: Path | None = None) -> Config:
    """Read and check a configuration file; relative paths in it start at its folder.

    Without a path, `audit.toml` of the working directory is used where it exists, else defaults.
    Raises `ConfigError` with file, key and the nearest known key.
    """
    if path is None:
        path = Path(DEFAULT_FILE)
        if not path.exists():
            return _rooted(Config(), Path.cwd())
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise ConfigError(
            "no such configuration file", where=str(path), hint="write one with: audit init"
        ) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError("the file cannot be read", where=str(path)) from exc
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"not valid TOML: {exc}", where=str(path)) from None
    try:
        config = Config.model_validate(data)
    except ValidationError as exc:
        raise _explained(exc, path) from None
    _check(config, path)
    return _rooted(config, path.resolve().parent)


def known_keys() -> Iterator[tuple[str, Any]]:
    """Yield every dotted key with its pydantic field, in the order of the file."""
    yield from _fields(Config, "")


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, info in model.model_fields.items():
        yield prefix + name, info
        for inner in _models(info.annotation):
            yield from _fields(inner, f"{prefix}{name}.")


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _explained(error: ValidationError, path: Path) -> ConfigError:
    keys = [key for key, _ in known_keys()]
    lines: list[str] = []
    hint = None
    for problem in error.errors(include_input=False, include_url=False):
        key = ".".join(str(part) for part in problem["loc"] if not isinstance(part, int))
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(key, keys, n=1, cutoff=0.6)
            lines.append(f"{key} - no such key" + (f"; did you mean {near[0]}?" if near else ""))
            hint = "config.example.toml lists every key"
        else:
            lines.append(f"{key} - {problem['msg'].removeprefix('Value error, ')}")
    return ConfigError("; ".join(lines), where=str(path), hint=hint)


def _check(config: Config, path: Path) -> None:
    for key, url in (
        ("aws.endpoint_url", config.aws.endpoint_url),
        ("azure.base_url", config.azure.base_url),
        ("gcp.endpoint", config.gcp.endpoint),
        ("gcp.logging_endpoint", config.gcp.logging_endpoint),
    ):
        if url and urlsplit(url).scheme != "https" and not on_loopback(url):
            raise ConfigError(
                f"{key} - plain http is allowed on loopback only",
                where=str(path),
                hint="use https",
            )
    if config.baseline.policy and config.baseline.allowed_signers is None:
        raise ConfigError(
            "baseline.policy needs baseline.allowed_signers",
            where=str(path),
            hint="without signatures nobody can be shown to have approved",
        )
    if config.aws.accounts and config.aws.organization:
        raise ConfigError(
            "aws.accounts and aws.organization exclude each other",
            where=str(path),
            hint="list the accounts, or let the organization list them",
        )


def on_loopback(url: str) -> bool:
    """Say whether a URL points at this machine; no credential is sent over plain http there."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def _rooted(config: Config, folder: Path) -> Config:
    """Make every path absolute, starting at the folder of the file."""
    store = config.store.model_copy(update={"path": folder / config.store.path})
    keys = {
        key: folder / path.expanduser()
        for key in ("signing_key", "allowed_signers", "revoked_keys")
        if (path := getattr(config.baseline, key)) is not None
    }
    baseline = config.baseline.model_copy(
        update={
            "directory": folder / config.baseline.directory,
            "approvals": folder / config.baseline.approvals,
        }
        | keys
    )
    run = config.run.model_copy(update={"queries": [folder / q for q in config.run.queries]})
    report = config.report.model_copy(update={"directory": folder / config.report.directory})
    return config.model_copy(
        update={"store": store, "baseline": baseline, "run": run, "report": report}
    )
