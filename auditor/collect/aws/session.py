"""AWS accounts: which there are, how to log in to them, and the regions that each has.

The SDK is opened here and nowhere else. Its clients do not retry (`retry.py` does), and the
service models are loaded once for all accounts, since each of them takes half a second to read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

import boto3
from botocore import xform_name
from botocore.config import Config as SdkConfig
from botocore.loaders import create_loader
from botocore.session import Session as SdkSession
from botocore.utils import parse_timestamp

from auditor import __version__
from auditor.collect.aws.answers import EVENT, AnswerReader
from auditor.collect.aws.credentials import assumed_role
from auditor.collect.aws.errors import classify
from auditor.collect.aws.retry import send
from auditor.collect.aws.scope import Answer, AwsScope, Method
from auditor.collect.backoff import Budget
from auditor.collect.context import CollectContext
from auditor.config import AwsAccount, AwsConfig, AwsOrganization, Config
from auditor.errors import CollectError
from auditor.model import Scope, Status

__all__ = ["Account", "AwsScope", "accounts", "classify", "permissions"]

CONNECTIONS = 32
"""Pooled connections per client: several tables of a region, eight calls at once each."""

SWITCHES = ("instance_attributes", "iam", "cloudtrail")
"""Keys of the configuration that say whether a table is read at all."""

_HOMES = 3
"""How many of the configured regions are asked for an identity before giving up."""

_HOME_REGIONS = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Where to ask for an identity in a partition when no region is configured."""


def accounts(config: Config, context: CollectContext) -> list[Account]:
    """Return the accounts to read: configured, listed by the organization, or the default one.

    Raises `CollectError` or an SDK error where the organization cannot be listed.
    """
    toolbox = _Toolbox(config, context)
    if config.aws.organization is not None:
        return _organization(config.aws.organization, toolbox)
    listed = config.aws.accounts or [_entry()]
    return [Account(entry, toolbox) for entry in listed]


def permissions(config: Config) -> list[str]:
    """Return what logging in and finding the regions needs, besides the tables' own."""
    needed = ["sts:GetCallerIdentity"]
    if not config.aws.regions:
        needed.append("ec2:DescribeRegions")
    if config.aws.organization is not None:
        needed.append("organizations:ListAccounts")
    if config.aws.organization is not None or any(a.role_arn for a in config.aws.accounts):
        needed.append("sts:AssumeRole")
    return needed


class _Toolbox:
    """What the accounts of one run share: configuration, loaded models, a lock to make clients."""

    def __init__(self, config: Config, context: CollectContext) -> None:
        self.config = config
        self.context = context
        # NOTE: neither making a client nor loading a model is safe in several threads at once.
        self.lock = threading.RLock()
        self._loader = create_loader()
        self._answers = AnswerReader(parse_timestamp)
        self._options = SdkConfig(
            connect_timeout=context.connect_timeout,
            read_timeout=context.read_timeout,
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=CONNECTIONS,
            user_agent_extra=f"cloud-baseline-auditor/{__version__}",
        )

    def session(self, profile: str | None = None) -> SdkSession:
        """Return an SDK session that shares the loaded service models."""
        session = SdkSession(profile=profile)
        session.register_component("data_loader", self._loader)
        return session

    def client(self, session: SdkSession, service: str, region: str) -> Any:
        """Make a client; waits for others that do."""
        with self.lock:
            # NOTE: the stubs know one overload per service name, not a name in a variable.
            client = cast(Any, boto3.Session(botocore_session=session)).client(
                service,
                region_name=region,
                config=self._options,
                endpoint_url=self.config.aws.endpoint_url,
            )
            client.meta.events.register(EVENT, self._answers)
            return client


class Account:
    """One AWS account: `open()` logs in and lists regions, `scopes()` hands them to the engine."""

    cloud = "aws"

    def __init__(self, entry: AwsAccount, toolbox: _Toolbox) -> None:
        self.account_id: str | None = entry.id
        """The configured number; after `open`, the real one."""
        self.label = _label(entry)
        """The account in words for a person; names a profile or a role, never a secret."""
        self._entry = entry
        self._toolbox = toolbox
        self._budget = Budget()
        self._session: SdkSession | None = None
        self._home: str | None = None
        self._methods: dict[tuple[str, str, str], Method] = {}
        self._clients: dict[tuple[str, str], Any] = {}
        self._regions: list[str] = []
        self._scopes: dict[str, AwsScope] = {}

    def open(self) -> None:
        """Log in, check that the account is the one configured, and find out its regions.

        Raises `CollectError` or an SDK error; the account cannot be read then.
        """
        number = self._identity()
        if self._entry.id not in (None, number):
            raise CollectError(
                f"{self.label} logs in to account {number}, not to {self._entry.id}",
                status=Status.DENIED,
                kind="credentials",
                hint="correct id, profile or role_arn of this entry in aws.accounts",
            )
        self.account_id = number
        configured = self._toolbox.config.aws.regions
        self._regions = sorted(set(configured)) if configured else self._enabled_regions()

    def _identity(self) -> str:
        """Return the number of the account that the credentials belong to.

        Any region can tell, so one that is out of reach does not hide the others.
        """
        homes = self._toolbox.config.aws.regions[:_HOMES] or [self._home_region()]
        for self._home in homes[:-1]:
            try:
                return str(self.ask("sts", "GetCallerIdentity")["Account"])
            except CollectError as exc:
                if exc.kind in ("credentials", "deadline"):
                    raise
        self._home = homes[-1]
        return str(self.ask("sts", "GetCallerIdentity")["Account"])

    def scopes(self, *, regional: bool) -> list[AwsScope]:
        """Return a scope per region, or the one scope `global`; `open` must have succeeded."""
        if self.account_id is None:
            raise CollectError(
                f"{self.label} has not been opened", status=Status.FAILED, kind="internal"
            )
        return [self._scope(region) for region in (self._regions if regional else ["global"])]

    def close(self) -> None:
        """Let go of all clients, each of which holds a megabyte or more."""
        with self._toolbox.lock:
            self._methods.clear()
            self._clients.clear()
            self._scopes.clear()

    def method(self, region: str, service: str, operation: str) -> Method:
        """Return the SDK's method for an operation; makes the client of the service if needed."""
        key = (region, service, operation)
        found = self._methods.get(key)
        if found is None:
            with self._toolbox.lock:
                found = self._methods[key] = self._new_method(region, service, operation)
        return found

    def ask(self, service: str, operation: str, **params: Any) -> Answer:
        """Call an operation that does not depend on the region, with the retries of a scope."""

        def request() -> Answer:
            return self.method(self._home_region(), service, operation)(**params)

        context, budget = self._toolbox.context, self._budget
        return send(request, context, operation=operation, budget=budget, login=self.label)

    def _new_method(self, region: str, service: str, operation: str) -> Method:
        client = self._clients.get((region, service))
        if client is None:
            where = self._home_region() if region == "global" else region
            client = self._toolbox.client(self._logged_in(), service, where)
            self._clients[region, service] = client
        return cast(Method, getattr(client, xform_name(operation)))

    def _scope(self, region: str) -> AwsScope:
        with self._toolbox.lock:
            if region not in self._scopes:
                self._scopes[region] = AwsScope(
                    Scope("aws", str(self.account_id), region),
                    self,
                    self._toolbox.context,
                    wanted=_wanted(self._toolbox.config.aws),
                )
            return self._scopes[region]

    def _enabled_regions(self) -> list[str]:
        """List the regions that the account can use; without AllRegions, only those are named."""
        answer = self.ask("ec2", "DescribeRegions")
        names = sorted(str(region["RegionName"]) for region in answer.get("Regions") or ())
        if not names:
            raise CollectError(
                "DescribeRegions: the answer names no region",
                status=Status.FAILED,
                kind="malformed",
                hint="list the regions in aws.regions",
            )
        return names

    def _logged_in(self) -> SdkSession:
        """Return the session of the account itself; resolves the profile at the first use."""
        if self._session is None:
            entry = self._entry
            base = self._toolbox.session(entry.profile)
            self._session = base
            if entry.role_arn:
                base_client: Callable[..., Any] = self._toolbox.client
                self._session = assumed_role(
                    source=base,
                    target=self._toolbox.session(entry.profile),
                    make_client=lambda: base_client(base, "sts", self._home_region()),
                    role_arn=entry.role_arn,
                    external_id=entry.external_id,
                )
        return self._session

    def _home_region(self) -> str:
        """Return a region of the account's partition to ask for identity and regions."""
        configured = self._toolbox.config.aws.regions
        if self._home or configured:
            return self._home or configured[0]
        if self._entry.role_arn:
            partition = self._entry.role_arn.split(":")[1]
            if partition in _HOME_REGIONS:
                return _HOME_REGIONS[partition]
        session = self._session or self._toolbox.session(self._entry.profile)
        return cast("str | None", session.get_config_variable("region")) or "us-east-1"


def _entry(**keys: str | None) -> AwsAccount:
    return AwsAccount.model_validate(keys)


def _wanted(config: AwsConfig) -> frozenset[str]:
    """Return the keys of the configuration that switch on tables and are true."""
    return frozenset(key for key in SWITCHES if getattr(config, key))


def _label(entry: AwsAccount) -> str:
    if entry.id:
        return entry.id
    if entry.role_arn:
        return f"role {entry.role_arn}"
    return f"profile {entry.profile}" if entry.profile else "default credentials"


def _organization(organization: AwsOrganization, toolbox: _Toolbox) -> list[Account]:
    """List the active accounts of the organization; the lister's own one needs no role."""
    lister = Account(_entry(profile=organization.management_profile), toolbox)
    own = str(lister.ask("sts", "GetCallerIdentity")["Account"])
    scope = AwsScope(Scope("aws", own, "global"), lister, toolbox.context, wanted=frozenset())
    found: list[Account] = []
    for raw in scope.pages("ListAccounts", "Accounts", "organizations"):
        number, partition = str(raw["Id"]), str(raw["Arn"]).split(":")[1]
        if raw.get("Status", raw.get("State")) != "ACTIVE" or number in organization.skip_accounts:
            continue
        if number == own:
            entry = _entry(id=number, profile=organization.management_profile)
        else:
            entry = _entry(
                id=number,
                profile=organization.management_profile,
                role_arn=f"arn:{partition}:iam::{number}:role/{organization.role_name}",
                external_id=organization.external_id,
            )
        found.append(Account(entry, toolbox))
    return found
