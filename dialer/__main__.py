"""`python -m dialer`, the same as the `dialer` command."""

from dialer.cli.main import main

if __name__ == "__main__":
    main()
