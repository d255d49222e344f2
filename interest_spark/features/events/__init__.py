"""Typed rows of raw event logs to the tables events, quarantine and ingest_ledger."""
