"""Proposals: approve, reject, confirm, edit and undo, one item or hundreds."""
