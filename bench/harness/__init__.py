"""The harness of bench/run: builds what is needed, starts the peers, lets them take turns, and tells the figures."""
