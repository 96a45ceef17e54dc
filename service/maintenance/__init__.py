"""What keeps a service healthy: backups, restoring them, and asking the database whether everything in it still holds."""
