"""Our adapters and `Setup` over real sockets: against the demo server, and against servers that behave badly."""
