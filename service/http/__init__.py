"""The HTTP kernel: routing, errors, idempotency, entity tags, cursors, streams and limits."""
