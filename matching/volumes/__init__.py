"""The volumes relaxation: who delivers how much to whom when haulage is paid by the kilogram."""
