"""What a run of budgets came to, as a record that is written once and shown in many ways."""
