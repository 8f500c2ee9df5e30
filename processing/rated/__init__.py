"""What a person says all the time: a rating by dial, slider or pointer, second by second."""
