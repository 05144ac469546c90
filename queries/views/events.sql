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
step = "What that does: instance, snapshot, disk, mount, share, policy, weaken, guardrail, cover-up and so on; empty for the rest."
creates = "Whether it makes an instance, a disk, a snapshot or an image, or is to."
outcome = "success, failure, or what the provider said last."
principal = "Who asked for it; for an assumed role the role, not the session."
is_service = "Whether a service of the provider acted by itself: told by its identity, never by its user agent."
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
),

told AS (
    SELECT
        cloud, account_id, region, event_time, event_id,
        event_name AS operation,
        step,
        outcome,
        coalesce(principal_issuer, principal) AS principal,
        source_ip,
        user_agent,
        resource_ids,
        resource_id
    FROM aws_cloudtrail_events
    UNION ALL
    SELECT
        cloud, account_id, region, event_time, event_id, operation,
        CASE
            WHEN starts_with(operation, 'microsoft.authorization/') THEN 'guardrail'
            WHEN ends_with(operation, '/delete') THEN 'cover-up'
            WHEN regexp_matches(operation, '/(extensions|runcommands?)/|serialconsole|/assign/')
                THEN 'weaken'
            WHEN regexp_matches(operation, '/virtualmachine(s|scalesets)/') THEN 'instance'
            WHEN regexp_matches(operation, '/(snapshots|images|restorepoints)/|/disks/begingetaccess/')
                THEN 'snapshot'
            WHEN contains(operation, '.compute/disks/') THEN 'disk'
            WHEN contains(operation, '.compute/galleries/') THEN 'share'
            WHEN regexp_matches(operation, '/networksecuritygroups/|/securityrules/|/networkmanagers/')
                THEN 'policy'
        END,
        outcome, caller, source_ip, NULL, [target_id], resource_id
    FROM azure_last
    UNION ALL
    SELECT
        cloud, account_id, region, event_time, event_id, method,
        CASE
            WHEN regexp_matches(method, '[fF]irewall(s|Policies)\.') THEN 'policy'
            WHEN ends_with(method, '.delete') THEN 'cover-up'
            WHEN regexp_matches(method, 'setMetadata|setCommonInstanceMetadata|setServiceAccount|[sS]hielded')
                THEN 'weaken'
            WHEN regexp_matches(method, '(snapshots|images|disks)\.setIamPolicy') THEN 'share'
            WHEN regexp_matches(method, '\.createSnapshot$|([sS]napshots|[iI]mages)\.insert') THEN 'snapshot'
            WHEN contains(method, '.attachDisk') THEN 'mount'
            WHEN contains(method, '.disks.insert') THEN 'disk'
            WHEN regexp_matches(method, '\.instances\.(insert|bulkInsert|start|stop|reset|resume)')
                THEN 'instance'
        END,
        outcome, principal, caller_ip, user_agent,
        list_sort(list_distinct(list_concat(
            [target_id],
            list_transform(
                list_filter(links, lambda link: NOT starts_with(link, 'machine_type=')),
                lambda link: regexp_replace(link, '^[a-z_]+=', '')
            )
        ))),
        resource_id
    FROM gcp_last
)

SELECT
    * EXCLUDE (outcome, principal, source_ip, user_agent, resource_ids, resource_id),
    coalesce(
        step IN ('instance', 'snapshot', 'disk')
        AND NOT regexp_matches(lower(operation), 'start|stop|off|deallocate|reset|resume|reimage|access'),
        false
    ) AS creates,
    outcome, principal,
    coalesce(regexp_matches(
        principal, '\.amazonaws\.com(\.cn)?$|/aws-service-role/|@cloudservices\.gserviceaccount\.com$'
    ), false) AS is_service,
    source_ip, user_agent, resource_ids, resource_id
FROM told
