"""Which projects are read, and what logging in to them sends."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from google.auth import exceptions as login_errors
from google.auth.credentials import AnonymousCredentials

from auditor.collect.gcp import session
from auditor.collect.gcp.scope import GcpScope
from auditor.collect.gcp.session import accounts, permissions
from auditor.config import Config
from auditor.errors import CollectError
from tests.gcp_stub import Query, Reply, config, failure, quick, serve, use_environment


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    use_environment(monkeypatch)


def settings(**gcp: Any) -> Config:
    return Config.model_validate({"gcp": gcp})


def test_configured_projects_are_sorted_and_read_once() -> None:
    found = accounts(settings(projects=["b", "a", "b"]), quick())
    assert [(a.cloud, a.account_id, a.label) for a in found] == [
        ("gcp", "a", "a"),
        ("gcp", "b", "b"),
    ]
    (scope,) = found[0].scopes(regional=False)
    assert isinstance(scope, GcpScope)
    assert found[0].scopes(regional=True) == [scope]
    assert scope.id() == "gcp/a/global"


def test_projects_of_an_organisation_are_found_at_any_depth() -> None:
    tree = {
        "organizations/1": (["top"], ["folders/2"]),
        "folders/2": (["inner", "deleted"], ["folders/3", "folders/gone"]),
        "folders/3": (["deep"], []),
    }

    def script(path: str, query: Query) -> Reply:
        if path == "/v3/folders":
            names = tree[query["parent"]][1]
            states = {name: "DELETE_REQUESTED" if "gone" in name else "ACTIVE" for name in names}
            return 200, {"folders": [{"name": n, "state": states[n]} for n in names]}
        assert path == "/v3/projects:search"
        parent = query["query"].removeprefix("parent:")
        projects = [
            {"projectId": name, "parent": parent, "state": "ACTIVE"} for name in tree[parent][0]
        ]
        for raw in projects:
            if raw["projectId"] == "deleted":
                raw["state"] = "DELETE_REQUESTED"
        projects.append({"projectId": "elsewhere", "parent": "folders/99", "state": "ACTIVE"})
        if "pageToken" in query:
            return 200, {"projects": projects[1:]}
        return 200, {"projects": projects[:1], "nextPageToken": "t"}

    with serve(script) as stub:
        found = accounts(config(stub, organization="1"), quick())
    assert [a.account_id for a in found] == ["deep", "inner", "top"]
    parents = [a.scopes(regional=False)[0].options.parents for a in found]
    assert parents == [("organizations/1", "folders/2", "folders/3"), (), ()]


def test_a_denied_listing_is_raised() -> None:
    with (
        serve(lambda path, query: failure(403, "forbidden")) as stub,
        pytest.raises(CollectError) as error,
    ):
        accounts(config(stub, folder="folders/2"), quick())
    assert error.value.status == "denied"


def test_an_organisation_without_visible_projects_is_a_gap() -> None:
    with (
        serve(lambda path, query: (200, {})) as stub,
        pytest.raises(CollectError, match="no active project") as error,
    ):
        accounts(config(stub, organization="1", folder="2"), quick())
    assert error.value.status == "denied"
    assert stub.calls == {"/v3/projects:search": 2, "/v3/folders": 2}


def test_the_default_project(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def default(scopes: Any) -> Any:
        seen.append(scopes)
        return AnonymousCredentials(), "from-credentials"

    monkeypatch.setattr(session.google.auth, "default", default)
    assert [a.account_id for a in accounts(settings(), quick())] == ["from-credentials"]
    assert all(scope.endswith((".readonly", ".read")) for scope in seen[0])
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "from-environment")
    assert [a.account_id for a in accounts(settings(), quick())] == ["from-environment"]


def test_no_project_is_said() -> None:
    simulated = settings(endpoint="http://127.0.0.1:1")
    with pytest.raises(CollectError, match="no project"):
        accounts(simulated, quick())


def test_missing_credentials_end_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def default(scopes: Any) -> Any:
        raise login_errors.DefaultCredentialsError("none")

    monkeypatch.setattr(session.google.auth, "default", default)
    (account,) = accounts(settings(projects=["p"]), quick())
    with pytest.raises(login_errors.DefaultCredentialsError):
        account.open()


def test_no_credential_goes_over_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    def default(scopes: Any) -> Any:
        raise AssertionError("credentials were asked for")

    monkeypatch.setattr(session.google.auth, "default", default)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serve(lambda path, query: (200, {"name": "p"})) as stub:
        (account,) = accounts(config(stub, projects=["p"]), quick())
        account.open()
        assert account.scopes(regional=False)[0].get("") == {"name": "p"}
        account.close()
    assert "authorization" not in stub.headers[0]
    assert stub.headers[0]["user-agent"].startswith("cloud-baseline-auditor/")
    assert stub.calls == {"/compute/v1/projects/p": 1}


def test_each_api_has_its_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serve(lambda path, query: (200, {"entries": [{"n": 1}]})) as logs,
        serve(lambda path, query: (200, {"name": "p"})) as compute,
    ):
        chosen = config(compute, projects=["p"], logging_endpoint=logs.url + "/")
        (account,) = accounts(chosen, quick())
        (scope,) = account.scopes(regional=False)
        assert list(scope.entries("x")) == [{"n": 1}]
        assert scope.get("") == {"name": "p"}
        account.close()
    assert logs.calls == {"/v2/entries:list": 1}
    private = session._hosts(settings(endpoint="https://compute-x.p.googleapis.com").gcp)
    assert private["compute"] == "https://compute-x.p.googleapis.com"
    assert private["logging"] == "https://logging.googleapis.com"


def test_a_certificate_that_is_not_trusted_names_the_endpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        session.google.auth, "default", lambda scopes: (AnonymousCredentials(), "p")
    )
    with serve(lambda path, query: (200, {})) as stub:
        endpoint = stub.url.replace("http:", "https:")
        (account,) = accounts(settings(projects=["p"], endpoint=endpoint), quick(attempts=1))
        account.open()
        with pytest.raises(CollectError) as error:
            account.scopes(regional=False)[0].get("")
        account.close()
    assert isinstance(error.value.__cause__, requests.exceptions.SSLError)
    assert endpoint in error.value.message


def test_permissions_of_finding_projects() -> None:
    assert permissions(settings(projects=["p"])) == []
    assert "resourcemanager.folders.list" in permissions(settings(organization="1"))
