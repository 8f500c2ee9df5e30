"""Videos of the hour, linked and never copied: where they are, and when on the recording's clock they are."""
