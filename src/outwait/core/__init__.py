"""The words every other room speaks: frozen, slotted data that imports nothing else of outwait."""
