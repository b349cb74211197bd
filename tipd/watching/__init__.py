"""What matters to the operator: the watches, and the sinks that tell what they match (`[[watch]]`, `[[sink]]`)."""
