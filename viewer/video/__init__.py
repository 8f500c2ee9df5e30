"""The linked video beside the hour: pictures by their stamps, and a window that follows the cursor."""
