"""The association's pages: the season in figures with the rows behind them, accounts, the trail, settings with their dates and sources."""
