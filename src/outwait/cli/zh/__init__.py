"""The help of the commands in Chinese, a table for each command."""
