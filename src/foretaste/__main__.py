"""``python -m foretaste`` is the command `foretaste`."""

from foretaste.cli.main import main

if __name__ == "__main__":
    main()
