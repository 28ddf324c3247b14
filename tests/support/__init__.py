"""What several tests share: facts to judge, the demo server's people, a browser."""
