"""The harness: takes any backbone through the localized chest X-ray tasks and records what it finds."""
