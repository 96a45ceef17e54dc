"""Views: rows as the API and the pages show them."""
