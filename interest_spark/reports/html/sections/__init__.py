"""What each section of the page is made from."""
