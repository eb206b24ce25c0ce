"""One portable folder with everything a service needs, verified before it is believed."""
