"""ListAccounts of AWS Organizations, in JSON 1.1."""

from __future__ import annotations

from auditor.simcloud.aws import wire
from auditor.simcloud.aws.estate import Account, Estate
from auditor.simcloud.aws.paging import page, page_size
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
    size = page_size(call, "MaxResults", 1, MOST, usual=MOST, refused="InvalidInputException")
    with estate.lock:
        accounts = list(estate.accounts.values())
    part = page(call, len(accounts), size, invalid="InvalidInputException")
    body: Resource = {
        "Accounts": [_account(estate, account) for account in accounts[part.start : part.stop]]
    }
    if part.token:
        body["NextToken"] = part.token
    return wire.json_response(body)


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
