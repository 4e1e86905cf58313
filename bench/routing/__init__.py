"""Who of several channels gets a request, simulated: hours of trouble in virtual time, our rules beside others."""
