"""Tests of the rules that the code base sets itself."""
