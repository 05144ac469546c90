"""The version of each Azure API that is called, in one place.

These are the versions that azure-mgmt-compute 39, azure-mgmt-network 33, azure-mgmt-monitor 7 and
azure-mgmt-resource-subscriptions 1 ask for; a test compares them. The last five are the newest
stable versions of APIs that none of these packages covers.
"""

from __future__ import annotations

COMPUTE = "2026-04-01"
"""Virtual machines, extensions, run commands, scale sets and images."""
DISKS = "2026-03-02"
"""Disks and snapshots."""
GALLERIES = "2026-03-03"
NETWORK = "2026-03-01"
SCALE_SET_NETWORK = "2018-10-01"
"""Interfaces and public addresses of uniform scale sets."""
ACTIVITY_LOG = "2015-04-01"
SUBSCRIPTIONS = "2022-12-01"
LOCKS = "2020-05-01"
"""Microsoft.Authorization locks."""
AUTHORIZATION = "2022-04-01"
"""Microsoft.Authorization roleAssignments and roleDefinitions."""
SERIAL_CONSOLE = "2018-05-01"
"""Microsoft.SerialConsole consoleServices."""
POLICY_ASSIGNMENTS = "2024-05-01"
"""Microsoft.Authorization policyAssignments."""
POLICY_EXEMPTIONS = "2022-07-01-preview"
"""Microsoft.Authorization policyExemptions; there is no stable version."""
