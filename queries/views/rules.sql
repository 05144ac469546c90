/*
title = "Rules of security policies"
description = "One row per rule, as the provider lists it."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
resource_id = "Globally unique id of the rule."
policy_resource_id = "Globally unique id of the policy that has the rule."
policy_id = "Short id of that policy."
direction = "ingress or egress."
protocol = "tcp, udp, icmp, icmpv6, all, or a protocol number."
from_port = "First port, or ICMP type; empty for all."
to_port = "Last port, or ICMP code; empty for all."
peer = "Address range, prefix list or group on the other side."
rule = "The rule in one canonical line; equal content, equal line."
*/
SELECT
    cloud,
    account_id,
    region,
    resource_id,
    group_arn AS policy_resource_id,
    group_id AS policy_id,
    CASE WHEN is_egress THEN 'egress' ELSE 'ingress' END AS direction,
    CASE WHEN ip_protocol = '-1' THEN 'all' ELSE ip_protocol END AS protocol,
    from_port,
    to_port,
    peer,
    rule
FROM aws_ec2_security_group_rules
