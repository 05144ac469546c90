"""Terraform plans: the resources that hold rules, one file per cloud.

Each has `RESOURCES`, which gives the reader of each type of resource, and `ELSEWHERE`: types that
decide what policies apply to, with the attributes that matter, or none where any change does.
"""
