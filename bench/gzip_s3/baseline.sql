-- The baseline of load_10m, over the same rows as plain local files.
SET threads = ${THREADS};
CREATE TABLE sales AS
SELECT * FROM read_csv('${DATA}/*.csv', header = true, auto_detect = false, delim = ',', quote = '"',
  columns = {'id': 'BIGINT', 'guest': 'VARCHAR', 'item': 'VARCHAR', 'amount': 'DECIMAL(12,2)',
             'day': 'DATE', 'sold_at': 'TIMESTAMP', 'paid': 'BOOLEAN', 'score': 'DOUBLE'});
CHECKPOINT;
SELECT count(*), sum(id), sum(amount), count(DISTINCT guest) FROM sales;
