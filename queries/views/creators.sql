/*
title = "Who may create instances"
description = "Users, roles, groups and service identities that may create instances, copy or share disks, loosen network policies, or give instances an identity; one row each. Empty unless instance_creators is set."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Always global."
resource_id = "Globally unique id of the principal in the account."
incarnation_id = "What changes when a principal is recreated under the same name, where the cloud tells."
name = "Name that people gave it, where the cloud tells."
table_name = "The table that says what it may do."
principal_id = "ARN, object id or member."
principal_kind = "Kind of principal, as the cloud calls it."
capabilities = "What it may do."
conditional = "Those of them that it has on some resources or conditions only."
granted_by = "Policies or roles that give them."
conditional_grants = "What gives the conditional ones, with the limits of each."
restrictions = "What denies or bounds a part of a capability; AWS only."
*/
SELECT
    cloud, account_id, region, resource_id, incarnation_id, name,
    'aws_iam_instance_creators' AS table_name,
    principal_id, principal_kind, capabilities, conditional, granted_by, conditional_grants,
    restrictions
FROM aws_iam_instance_creators
UNION ALL
SELECT
    cloud, account_id, region, resource_id, incarnation_id, name,
    'azure_authorization_instance_creators',
    principal_id, principal_kind, capabilities, conditional, granted_by, conditional_grants,
    []
FROM azure_authorization_instance_creators
UNION ALL
SELECT
    cloud, account_id, region, resource_id, incarnation_id, name,
    'gcp_iam_instance_creators',
    principal_id, principal_kind, capabilities, conditional, granted_by, conditional_grants,
    []
FROM gcp_iam_instance_creators
