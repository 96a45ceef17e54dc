"""From the truck to the money: shipments, receipts and settlements."""
