"""Who is in which audience: conditions, people like others or likely to act, hold-out, caps, sizes and forecasts."""
