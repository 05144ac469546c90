"""What a comparison goes by: drift queries, settings, and what the configuration says of them."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor import __version__
from auditor.baseline.versions import Content
from auditor.config import BehaviourConfig, Config
from auditor.diff.engine import Drift, find_drift
from auditor.diff.queries import load_queries
from auditor.diff.settings import Setting, load_settings
from auditor.errors import ConfigError
from auditor.model import Coverage, Query, Severity
from auditor.shipped import rule_files
from auditor.store.hashing import digest
from auditor.store.lifecycle import Evaluated
from auditor.store.runs import By


@dataclass(frozen=True, slots=True)
class Rules:
    """What a comparison goes by; the same rules find the same in the same rows."""

    queries: Sequence[Query]
    settings: Sequence[Setting]
    severity: Mapping[str, Severity]
    behaviour: BehaviourConfig

    @classmethod
    def load(cls, config: Config) -> Rules:
        """Read the catalogues; raises `ConfigError` for a severity of something unknown."""
        queries, settings = load_queries(config.run.queries), load_settings(config.severity)
        known = [q.id for q in queries] + [s.id for s in settings]
        for name in config.severity:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                raise ConfigError(
                    f"severity.{name} - no drift query and no setting has this id"
                    + (f"; did you mean {near[0]}?" if near else ""),
                    hint="see: audit list queries, audit list settings",
                )
        return cls(queries, settings, config.severity, config.behaviour)

    def identity(self) -> By:
        """Return the version of this program, and the digest of everything else it goes by."""
        content = {
            "shipped": {
                name: hashlib.sha256(path.read_bytes()).hexdigest()
                for name, path in rule_files().items()
            },
            "queries": {query.id: query.sha256 for query in self.queries},
            "severity": dict(self.severity),
            "behaviour": self.behaviour.model_dump(mode="json"),
        }
        return By(__version__, digest(content))

    def find(
        self, config: Config, snapshot: int, coverage: Sequence[Coverage], approved: Content
    ) -> Drift:
        """Compare a snapshot of the store with approved content."""
        return find_drift(
            config.store,
            snapshot=snapshot,
            coverage=coverage,
            approved=approved,
            queries=self.queries,
            settings=self.settings,
            severity=self.severity,
            behaviour=self.behaviour,
        )

    def evaluated(self, drift: Drift) -> Evaluated:
        """Return what a comparison by these rules looked at."""
        return Evaluated(drift.evaluated, {query.id for query in self.queries}, drift.unread)
