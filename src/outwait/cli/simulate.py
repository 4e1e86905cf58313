def simulate() -> None:
    """x"""
