"""The verbs, one file each: `add_parser(subparsers)` describes it, `run(args)` does it and returns the exit code."""
