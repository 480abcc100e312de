"""The operational database, on SQLite or PostgreSQL: ledger, deployment log and feature store.

- ``engine``: connections, durability, one writer at a time, failures in our own words.
- ``schema``: the tables. ``migrations``: how a database comes to have them.
- ``ledger``, ``labels``, ``deployment_log``, ``feature_store``: the ports.
"""
