"""What a log means: turns, latency, differences. No terminal, no sockets: the same code live and in CI."""
