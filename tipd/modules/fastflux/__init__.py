"""Fast-flux tracking: names under watch, asked again as their answers expire, judged by what changes."""
