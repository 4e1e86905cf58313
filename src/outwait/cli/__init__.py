"""The command line, one file per command."""

from outwait.cli.start import main as main
