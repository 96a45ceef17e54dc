"""Planning runs: the run table is the queue, workers lease its rows, and each run is solved in a process of its own."""
