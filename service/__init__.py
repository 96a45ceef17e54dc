"""The application around the engine: command line, drawings, database, web."""
