"""The demo: trade documents in, cases run to their end through the API as people would, ledger verified."""
