"""Policies that an association keeps: what is wanted of its plans beside net benefit, each with its versions."""
