"""ListAccounts of AWS Organizations, in JSON 1.1."""

from __future__ import annotations

import json

from auditor.simcloud.aws import wire
from auditor.simcloud.aws.estate import Account, Estate
from auditor.simcloud.aws.paging import page
from auditor.simcloud.aws.wire import ApiError, Call, Resource
from auditor.simcloud.http import Answer

TARGET = "AWSOrganizationsV20161128."
MOST = 20
"""Accounts per page;
https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html"""
JOINED = 1_736_150_400
"""Unix time at which every account joined."""


def answer(estate: Estate, call: Call) -> Answer:
    """Answer ListAccounts for the management account; nobody else may ask."""
    if call.action != "ListAccounts":
        raise ApiError("UnknownOperationException", f"{call.action} is not simulated")
    if call.account != estate.management.id:
        text = "You don't have permissions to access this resource."
        raise ApiError("AccessDeniedException", text)
    size = int(call.text("MaxResults", str(MOST)))
    if not 1 <= size <= MOST:
        raise ApiError("InvalidInputException", "MaxResults must be between 1 and 20")
    with estate.lock:
        accounts = list(estate.accounts.values())
    part = page(call, len(accounts), size, invalid="InvalidInputException")
    body: Resource = {
        "Accounts": [_account(estate, account) for account in accounts[part.start : part.stop]]
    }
    if part.token:
        body["NextToken"] = part.token
    return Answer(json.dumps(body).encode(), content_type=wire.JSON)


def error(refusal: ApiError) -> Answer:
    """Render a refusal the way a JSON service does."""
    body = {"__type": refusal.code, "Message": refusal.message}
    return Answer(json.dumps(body).encode(), status=refusal.status, content_type=wire.JSON)


def _account(estate: Estate, account: Account) -> Resource:
    organisation = f"arn:aws:organizations::{estate.management.id}:account/o-simulated01"
    return {
        "Id": account.id,
        "Arn": f"{organisation}/{account.id}",
        "Email": account.email,
        "Name": account.name,
        "Status": account.status,
        "State": account.status,
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": JOINED,
    }
