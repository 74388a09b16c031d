"""View models: what a document says, worked out and put in words, before any markup."""
