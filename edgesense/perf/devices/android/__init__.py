"""What kind ``adb`` is made of: the link to a phone, files and processes on it, and what runs there."""
