"""Telling others that a background response ended: signed events, sent until they are taken or their time is over."""
