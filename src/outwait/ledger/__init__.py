"""What is known afterwards: each settled exchange becomes counts and one log line, and never a secret or a prompt."""
