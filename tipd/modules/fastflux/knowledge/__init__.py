"""What is known of names, addresses and networks that look like flux and are none, or are nobody's: data, and how it
is asked.
"""
