-- The table as an earlier load left it, for the baseline: with the same lineage columns.
SET threads = ${THREADS};
CREATE TABLE sales AS
SELECT *, CAST(1 AS BIGINT) AS _sluice_load, CAST(1 AS BIGINT) AS _sluice_file
FROM read_csv('${CSV}', header = true, auto_detect = false, delim = ',', quote = '"',
  columns = {'id': 'BIGINT', 'guest': 'VARCHAR', 'item': 'VARCHAR', 'amount': 'DECIMAL(12,2)',
             'day': 'DATE', 'sold_at': 'TIMESTAMP', 'paid': 'BOOLEAN', 'score': 'DOUBLE'});
CHECKPOINT;
SELECT 1;
