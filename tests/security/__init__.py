"""What an attacker with an ordinary account, or none, tries."""
