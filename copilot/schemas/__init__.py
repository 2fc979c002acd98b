"""What the copilot's services return."""
