"""Looks at the way to a host, stage by stage, and says whose trouble it is: client, network, middlebox or server."""
