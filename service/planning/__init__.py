"""The bridge between the database and the engine: rows to `Problem`, `Result` to rows, promises and money."""
