"""A fault-injecting S3 reverse proxy for tests. Before a stand-in it also refuses what the stand-in wrongly accepts."""
