"""Writes the JSON Schemas again."""

from lovt_bench.benchmark.contract.schemas import write_schemas

if __name__ == "__main__":
    write_schemas()
