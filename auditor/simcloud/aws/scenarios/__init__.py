"""What happens to an estate between two runs: attacks and benign churn, one function each.

Every scenario changes one region of one account at one moment, keeps it consistent, records what
CloudTrail would, and returns the ids that it touched by the kind of resource. Equal estates are
changed equally.
"""

from auditor.simcloud.aws.events import MOMENT
from auditor.simcloud.aws.scenarios.attacks import (
    attach_role,
    change_user_data,
    mining_in_unused_region,
    share_snapshot_publicly,
    snapshot_chain,
    weaken_metadata,
)
from auditor.simcloud.aws.scenarios.churn import (
    churn_public_addresses,
    rewrite_rules,
    scale_out,
    shuffle,
)
from auditor.simcloud.aws.scenarios.groups import (
    asg_new_template_version,
    asg_scale,
    attach_member,
    rogue_member,
)
from auditor.simcloud.aws.scenarios.lifecycle import revert, take_snapshot, terminate
from auditor.simcloud.aws.scenarios.perimeter import (
    modify_prefix_list,
    open_group,
    open_nacl,
    route_to_internet,
    serial_console_on,
)

__all__ = [
    "MOMENT",
    "asg_new_template_version",
    "asg_scale",
    "attach_member",
    "attach_role",
    "change_user_data",
    "churn_public_addresses",
    "mining_in_unused_region",
    "modify_prefix_list",
    "open_group",
    "open_nacl",
    "revert",
    "rewrite_rules",
    "rogue_member",
    "route_to_internet",
    "scale_out",
    "serial_console_on",
    "share_snapshot_publicly",
    "shuffle",
    "snapshot_chain",
    "take_snapshot",
    "terminate",
    "weaken_metadata",
]
