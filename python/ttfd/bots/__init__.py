"""What the bots of all platforms share: texts, the journal of what was earned, the lease of the only poller."""
