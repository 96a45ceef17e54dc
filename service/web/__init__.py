"""The workbench: pages that a server renders, for cooperatives, buyers, brokers and the association; `docs/pages.md` tells how."""
