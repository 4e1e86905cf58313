"""Who of several channels gets a request, simulated: hours of trouble in virtual time, the product's rules beside others."""
