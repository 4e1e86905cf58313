"""How the endpoints are: what each attempt, each silence and each probe says of them, and who gets the next attempt."""
