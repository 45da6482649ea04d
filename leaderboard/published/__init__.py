"""Published results, a pair of files each: `<name>.yaml` describes the numbers, `<name>.csv` holds them."""
