"""What coupons are chosen from: campaigns of the past, what was known of their customers, and what these did then."""
