-- The fastest append that could be written by hand: a typed stage with lineage columns, the checks of the
-- project (not-null on three columns, unique key in the stage and against the table, accepted values,
-- volume), insert, all in one transaction, checkpoint. It accounts for nothing.
SET threads = ${THREADS};
BEGIN;
CREATE TABLE stage AS
SELECT *, CAST(2 AS BIGINT) AS _sluice_load, CAST(2 AS BIGINT) AS _sluice_file
FROM read_csv('${CSV}', header = true, auto_detect = false, delim = ',', quote = '"',
  columns = {'id': 'BIGINT', 'guest': 'VARCHAR', 'item': 'VARCHAR', 'amount': 'DECIMAL(12,2)',
             'day': 'DATE', 'sold_at': 'TIMESTAMP', 'paid': 'BOOLEAN', 'score': 'DOUBLE'});
SELECT count(*) - count(id), count(*) - count(guest), count(*) - count(sold_at), count(*) FROM stage;
SELECT count(*) FROM (SELECT 1 FROM stage GROUP BY id HAVING count(*) > 1);
SELECT count(*) FROM sales WHERE id IN (SELECT id FROM stage);
SELECT count(*) FROM stage WHERE paid NOT IN (true, false);
INSERT INTO sales SELECT * FROM stage;
DROP TABLE stage;
COMMIT;
CHECKPOINT;
