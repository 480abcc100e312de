"""WATCH PATH: turns what the ledger holds into reports, verdicts and actions."""
