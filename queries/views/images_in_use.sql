/*
title = "Images in use"
description = "Images that instances were started from, with how many and whose they are."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "Account of the instances."
region = "Region of the instances."
image_id = "Image as the instances name it."
instances = "Number of instances that were started from it."
owner = "Account, publisher or project that the image belongs to; empty where unknown."
is_public = "Whether anyone may use it; empty where unknown."
*/
SELECT
    i.cloud,
    i.account_id,
    i.region,
    i.image_id,
    count(*) AS instances,
    CASE i.cloud
        WHEN 'aws' THEN any_value(coalesce(a.owner_alias, a.owner_id))
        WHEN 'azure' THEN
            CASE WHEN NOT contains(i.image_id, '/') THEN split_part(i.image_id, ':', 1) END
        ELSE regexp_extract(i.image_id, 'projects/([^/]+)/', 1)
    END AS owner,
    any_value(a.public) AS is_public
FROM instances AS i
LEFT JOIN aws_ec2_images AS a
    ON a.account_id = i.account_id AND a.region = i.region AND a.image_id = i.image_id
WHERE i.image_id IS NOT NULL AND i.image_id <> ''
GROUP BY i.cloud, i.account_id, i.region, i.image_id
