"""dlt with its fastest reader of CSV: DuckDB's, rows as Arrow batches, types given. dlt_load.py CSV DATABASE"""

import sys
from pathlib import Path

import dlt
from dlt.sources.filesystem import filesystem, read_csv_duckdb

csv, database = Path(sys.argv[1]), sys.argv[2]
reader = filesystem(bucket_url=csv.parent.as_uri(), file_glob=csv.name) | read_csv_duckdb(
    use_pyarrow=True, chunk_size=500_000, header=True, auto_detect=False, delimiter=",", quotechar='"',
    columns={"id": "BIGINT", "guest": "VARCHAR", "item": "VARCHAR", "amount": "DECIMAL(12,2)", "day": "DATE",
             "sold_at": "TIMESTAMP", "paid": "BOOLEAN", "score": "DOUBLE"})
pipeline = dlt.pipeline("bench", destination=dlt.destinations.duckdb(database), dataset_name="shop",
                        pipelines_dir=str(Path(database).parent / "dlt"))
pipeline.run(reader.with_name("sales"), write_disposition="replace", loader_file_format="parquet")
