"""`python -m outwait` is the command `outwait`."""

from outwait.cli import main

if __name__ == "__main__":
    main()
