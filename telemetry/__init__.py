"""What the hub tells its operators about itself: metrics, log lines, spans, signs of life. Knows no other app."""
