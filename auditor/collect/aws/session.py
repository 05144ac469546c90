"""AWS accounts: which there are, how to log in to them, and the regions that each has.

All accounts share the clients of the SDK (`clients.py`); each call brings the credentials of its
own account (`credentials.py`).
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from botocore.credentials import Credentials

from auditor.collect.aws.clients import Toolbox
from auditor.collect.aws.credentials import call_as, role_credentials
from auditor.collect.aws.errors import classify
from auditor.collect.aws.retry import send
from auditor.collect.aws.scope import Answer, AwsScope, Method
from auditor.collect.backoff import Budget
from auditor.collect.context import CollectContext
from auditor.config import AwsAccount, AwsConfig, AwsOrganization, Config
from auditor.errors import CollectError
from auditor.model import Scope, Status

__all__ = ["Account", "AwsScope", "accounts", "classify", "permissions"]

SWITCHES = ("instance_attributes", "iam", "instance_creators", "cloudtrail")
"""Keys of the configuration that say whether a table is read at all."""

_HOMES = 3
"""How many of the configured regions are asked for an identity before giving up."""

_HOME_REGIONS = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Where to ask for an identity in a partition when no region is configured."""


def accounts(config: Config, context: CollectContext) -> list[Account]:
    """Return the accounts to read: configured, listed by the organization, or the default one.

    Raises `CollectError` or an SDK error where the organization cannot be listed.
    """
    toolbox = Toolbox(config, context)
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


class Account:
    """One AWS account: `open()` logs in and lists regions, `scopes()` hands them to the engine."""

    cloud = "aws"

    def __init__(self, entry: AwsAccount, toolbox: Toolbox) -> None:
        self.account_id: str | None = entry.id
        """The configured number; after `open`, the real one."""
        self.label = _label(entry)
        """The account in words for a person; names a profile or a role, never a secret."""
        self._entry = entry
        self._toolbox = toolbox
        self._budget = Budget()
        self._credentials: Credentials | None = None
        self._home: str | None = None
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
        """Let go of what the scopes remember; the clients are those of other accounts too."""
        with self._toolbox.lock:
            self._scopes.clear()

    def method(self, region: str, service: str, operation: str) -> Method:
        """Return the SDK's method for an operation, with the credentials of this account."""
        where = self._home_region() if region == "global" else region
        method = self._toolbox.method(self._entry.profile, where, service, operation)
        return partial(call_as, self._own_credentials(), method)

    def ask(self, service: str, operation: str, **params: Any) -> Answer:
        """Call an operation that does not depend on the region, with the retries of a scope."""

        def request() -> Answer:
            return self.method(self._home_region(), service, operation)(**params)

        context, budget = self._toolbox.context, self._budget
        return send(request, context, operation=operation, budget=budget, login=self.label)

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

    def _own_credentials(self) -> Credentials | None:
        """Return the credentials of the account itself; resolves the profile at the first use."""
        if self._credentials is None:
            with self._toolbox.lock:
                self._credentials = self._credentials or self._new_credentials()
        return self._credentials

    def _new_credentials(self) -> Credentials | None:
        entry = self._entry
        own = self._toolbox.session(entry.profile).get_credentials()
        # NOTE: without any to assume the role with, it is the call that says so.
        if own is None or not entry.role_arn:
            return own
        return role_credentials(
            own,
            assume=lambda: self._toolbox.method(
                entry.profile, self._home_region(), "sts", "AssumeRole"
            ),
            role_arn=entry.role_arn,
            external_id=entry.external_id,
        )

    def _home_region(self) -> str:
        """Return a region of the account's partition to ask for identity and regions."""
        configured = self._toolbox.config.aws.regions
        if self._home or configured:
            return self._home or configured[0]
        if self._entry.role_arn:
            partition = self._entry.role_arn.split(":")[1]
            if partition in _HOME_REGIONS:
                return _HOME_REGIONS[partition]
        session = self._toolbox.session(self._entry.profile)
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


def _organization(organization: AwsOrganization, toolbox: Toolbox) -> list[Account]:
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
