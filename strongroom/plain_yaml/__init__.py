"""Files that people write and that decide much: plain YAML only, every fault told with its line."""
