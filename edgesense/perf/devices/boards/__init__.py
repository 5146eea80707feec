"""Real boards: an agent that runs there, the link to it, what is brought there, and which board is free."""
