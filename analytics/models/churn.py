"""Customer health: dated snapshots and the risk that a customer leaves."""
