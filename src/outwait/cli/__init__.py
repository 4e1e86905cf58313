"""The command line, one file per command."""

from outwait.cli.commands import main as main
