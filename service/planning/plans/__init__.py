"""Plans: the problem read from the database, the result stored, and figures about both."""
