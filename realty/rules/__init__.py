"""The rules of the domain: pure functions of values and an explicit now.

Nothing here knows of HTTP or of the database; figures come from `policy.Policy`.
"""
