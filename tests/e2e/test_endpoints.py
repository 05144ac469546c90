"""Endpoints of one's own over https: trusted once their authority is named, and not before."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from auditor.simcloud.aws import SimAws
from auditor.simcloud.aws import generate as aws_estate
from auditor.simcloud.azure import SimAzure
from auditor.simcloud.azure import generate as azure_estate
from auditor.simcloud.gcp import SimGcp
from auditor.simcloud.gcp import generate as gcp_estate
from tests.e2e.conftest import Cli, read
from tests.harness import section

TABLES = ("aws_ec2_instances", "azure_compute_virtual_machines", "gcp_compute_instances")


class Logins(BaseHTTPRequestHandler):
    """What gives machines in a cloud their tokens: App Service's and Compute Engine's."""

    def do_GET(self) -> None:
        token = {"access_token": "simulated", "token_type": "Bearer"}
        times = {"expires_in": 3600, "expires_on": str(int(time.time()) + 3600)}
        email = {"email": "audit@acme.iam.gserviceaccount.com", "scopes": ["x"]}
        body = json.dumps({**token, **times, **email}).encode()
        self.send_response(200)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def logins() -> Iterator[dict[str, str]]:
    """Environment variables that make Azure's and Google's SDK log in on loopback."""
    with HTTPServer(("127.0.0.1", 0), Logins) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        here = f"127.0.0.1:{server.server_port}"
        yield {
            "IDENTITY_ENDPOINT": f"http://{here}/msi/token",
            "IDENTITY_HEADER": "simulated",
            "GCE_METADATA_HOST": here,
            "GCE_METADATA_IP": here,
            "CLOUDSDK_CONFIG": "/nonexistent",
        }
        server.shutdown()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simcloud")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = tmp_path / "self-signed.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, form, plain)
    )
    return path


def test_a_certificate_nobody_vouches_for(
    cli: Cli, logins: dict[str, str], certificate: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ExitStack() as stack:
        aws, azure = SimAws(aws_estate(instances=5)), SimAzure(azure_estate(machines=5))
        gcp = SimGcp(gcp_estate(instances=5))
        for cloud in (aws, azure, gcp):
            cloud.tls = context
            stack.enter_context(cloud)
        cli.environment = aws.environment() | logins
        cli.configure(
            section("run", {"tables": TABLES, "max_attempts": 2})
            + section("aws", {"regions": ["us-east-1"]})
            + section("azure", azure.configuration())
            + section("gcp", gcp.configuration())
        )
        code, refused = cli.run()
        assert code == 4
        for item in read(refused):
            url = {"aws": aws.url, "azure": azure.url, "gcp": gcp.url}[item["cloud"]]
            assert url.startswith("https://127.0.0.1:")
            assert (item["status"], item["error_kind"]) == ("failed", "unavailable")
            assert url in item["detail"]
            assert "certificate" in item["detail"]
        trusted = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
        cli.environment |= dict.fromkeys(trusted, str(certificate))
        _, whole = cli.run()
        assert {c["table"]: (c["status"], c["rows"]) for c in read(whole)} == dict.fromkeys(
            TABLES, ("complete", 5)
        )
