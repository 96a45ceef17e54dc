"""Problem, plan and result: frozen arrays, checked once, and the errors and reasons that speak of them."""
