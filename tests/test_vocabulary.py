"""The vocabulary says the same of every cloud, wherever each cloud keeps it."""

from __future__ import annotations

from pathlib import Path

from auditor import inquiry
from tests.harness import Lab

PROJECT = {"cloud": "gcp", "account_id": "demo", "region": "europe-west1"}
ROOT = "//compute.googleapis.com/projects"
DEBIAN = f"{ROOT}/debian-cloud/global/images/debian-12"


def test_images_of_google_cloud_are_those_of_boot_disks(tmp_path: Path) -> None:
    """Instances carry no image; what has no boot disk, or one from a snapshot, has none."""
    disks = {"web-1": DEBIAN, "web-2": DEBIAN, "data": f"{ROOT}/demo/global/images/d", "old": None}
    boots = {"web-1": "web-1", "web-2": "web-2", "restored": "old", "diskless": None}
    lab = Lab(tmp_path, tables=["gcp_compute_instances", "gcp_compute_disks"])
    lab.seal(
        {
            "gcp_compute_disks": [
                {**PROJECT, "resource_id": f"{ROOT}/demo/disks/{name}", "source_image": image}
                for name, image in disks.items()
            ],
            "gcp_compute_instances": [
                {
                    **PROJECT,
                    "resource_id": f"{ROOT}/demo/instances/{name}",
                    "name": name,
                    "disk_ids": [f"{ROOT}/demo/disks/data"],
                    "boot_disk_ids": [f"{ROOT}/demo/disks/{boot}"] if boot else [],
                }
                for name, boot in boots.items()
            ],
        }
    )
    _, images = inquiry.select(lab.config, "SELECT name, image_id FROM instances ORDER BY name")
    assert images == [("diskless", None), ("restored", None), ("web-1", DEBIAN), ("web-2", DEBIAN)]
    _, used = inquiry.select(lab.config, "SELECT image_id, instances, owner FROM images_in_use")
    assert used == [(DEBIAN, 2, "debian-cloud")]
