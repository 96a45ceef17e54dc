"""Webhooks: events written where they happen, delivered in order, signed, tried again, and never to the service's own network."""
