"""What the microcontroller devices are made of: chips, and time predicted from published cycles."""
