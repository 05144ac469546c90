/*
title = "Changes, as the providers logged them"
description = "One row per operation, whoever asked for it and whatever came of it. Of the several entries of one operation the last is kept."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
event_time = "When it happened, UTC."
event_id = "Id of the entry in the provider's log."
operation = "What was done, in the provider's words without version prefixes."
outcome = "success, failure, or what the provider said last."
principal = "Who asked for it; for an assumed role the role, not the session."
source_ip = "Where it came from; may be the name of a service."
user_agent = "With what, as the client says of itself: not proof."
resource_ids = "Resources that it names, sorted."
resource_id = "Globally unique id of the log entry."
*/
WITH azure_last AS (
    SELECT *
    FROM azure_monitor_activity_log_events
    QUALIFY row_number() OVER (
        PARTITION BY account_id, correlation_id, operation_id, coalesce(operation_id, event_id),
            operation
        ORDER BY outcome = 'started', event_time DESC, event_id
    ) = 1
),

gcp_last AS (
    SELECT *
    FROM gcp_logging_audit_entries
    QUALIFY row_number() OVER (
        PARTITION BY account_id, coalesce(operation_id, event_id), method
        ORDER BY coalesce(operation_last, false) DESC, event_time DESC, event_id
    ) = 1
)

SELECT
    cloud, account_id, region, event_time, event_id,
    event_name AS operation,
    outcome,
    coalesce(principal_issuer, principal) AS principal,
    source_ip,
    user_agent,
    resource_ids,
    resource_id
FROM aws_cloudtrail_events
UNION ALL
SELECT
    cloud, account_id, region, event_time, event_id, operation, outcome, caller, source_ip, NULL,
    [target_id],
    resource_id
FROM azure_last
UNION ALL
SELECT
    cloud, account_id, region, event_time, event_id, method, outcome, principal, caller_ip,
    user_agent,
    list_sort(list_distinct(list_concat(
        [target_id],
        list_transform(
            list_filter(links, lambda link: NOT starts_with(link, 'machine_type=')),
            lambda link: regexp_replace(link, '^[a-z_]+=', '')
        )
    ))),
    resource_id
FROM gcp_last
