"""Demand: buyers, receiving sites, contracts, orders and demand lines."""
