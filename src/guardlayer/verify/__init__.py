"""Verifiers: compare a claim with evidence and say what follows, and why."""
