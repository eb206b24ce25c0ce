"""Floor 0: what every floor may lean on: errors, configs, files, artefacts, progress."""
