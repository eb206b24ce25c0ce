"""The page that a service shows at ``/``: plain HTML, CSS and ES modules, read once from the package."""
