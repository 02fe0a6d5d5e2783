"""Write-once storage on S3 Object Lock."""
