"""What api, web and admin show: lists, counts and sums.

Every function takes the tenant first, and no query is made without it; staff.py alone reads for
people who see all tenants. Nothing here walks a whole table: lists go by key, sums are kept.
"""
