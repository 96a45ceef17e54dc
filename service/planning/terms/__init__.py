"""What both sides confirm: versioned terms, the dated rules they follow, changes by agreement, and the association's accounts."""
