"""Everything that `audit` reports as an error, in one tree.

Each error says what failed, where, and what to do about it. Only the command line catches them:
it prints `diagnostics()` on stderr and exits with `exit_code`. A traceback is a bug of ours.
"""

from __future__ import annotations


class AuditorError(Exception):
    """Base of all refusals and failures that a user can act on."""

    exit_code = 1
    """What `audit` exits with when this error ends the command (design of the machine contract)."""

    def __init__(self, message: str, *, hint: str | None = None, where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def diagnostics(self) -> str:
        """Return the text for a person: place, what failed, cause, and what to do."""
        lines = [f"{self.where}: {self.message}" if self.where else self.message]
        if self.__cause__ is not None:
            lines.append(f"  cause: {type(self.__cause__).__name__}: {self.__cause__}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class ConfigError(AuditorError):
    """The configuration file or a command-line value cannot be used."""

    exit_code = 2


class UsageError(AuditorError):
    """A command was asked for something that does not exist or does not fit."""

    exit_code = 2


class MissingExtraError(AuditorError):
    """A feature needs an optional dependency that is not installed."""

    exit_code = 2


class MissingProgramError(AuditorError):
    """A program of the system that a configuration asks for is not installed."""

    exit_code = 2


class QueryError(AuditorError):
    """A SQL text cannot be used: not one SELECT, or DuckDB refuses it."""

    exit_code = 2


class QueryHeaderError(QueryError):
    """The TOML header of a drift query is missing, malformed or incomplete."""


class QueryContractError(QueryError):
    """A drift query returns rows that do not keep the row contract."""


class PolicyError(AuditorError):
    """What policies allow cannot be compared: an invariant of the evaluation does not hold."""


class CatalogueError(AuditorError):
    """The setting catalogue contradicts itself or the tables."""

    exit_code = 2


class StoreError(AuditorError):
    """The store cannot be opened, read or written."""


class StoreVersionError(StoreError):
    """The store was written by a newer version of this program."""

    exit_code = 2


class StoreBusyError(StoreError):
    """Another process holds the store or the run lock."""

    exit_code = 75


class IntegrityError(AuditorError):
    """Stored content, an approval or a chain does not verify."""

    exit_code = 5


class BaselineError(AuditorError):
    """An approval is refused, or a baseline does not exist."""

    exit_code = 2


class EvidenceError(AuditorError):
    """Evidence cannot be exported, signed or read."""

    exit_code = 2


class ReportError(AuditorError):
    """A report cannot be rendered or written."""


class CollectError(AuditorError):
    """A scope could not be read; becomes a coverage row, never the end of a run."""

    def __init__(self, message: str, *, status: str, kind: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.kind = kind
