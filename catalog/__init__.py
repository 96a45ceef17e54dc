"""Supply: cooperatives and groups with their sponsor, sites, products, certificates, harvest lots and vehicles."""
