"""`python -m emotion` is the command `emotion`."""

from emotion.apps import main

if __name__ == "__main__":
    main.run()
