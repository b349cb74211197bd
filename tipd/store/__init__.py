"""The database: the pool (the one asyncio door), the single writer, the managed server; one file a noun."""
