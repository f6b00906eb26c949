"""The producing side: vocabulary, tap, bus, the voice assistant and its services."""
