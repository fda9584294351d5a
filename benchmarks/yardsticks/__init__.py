"""What the hub is measured against: the usual tools, doing as little as they can."""
