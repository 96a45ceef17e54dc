"""Joint offers: lots of several suppliers that fill one line together, or not at all."""
