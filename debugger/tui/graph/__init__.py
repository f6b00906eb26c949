"""The component graph: the bus as hub, components around it, messages on the way."""
