"""One router a file; `backend.gateway.app` puts them together."""
