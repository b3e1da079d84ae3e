-- The fastest delete-insert that could be written by hand: stage, the checks of the project (the unique
-- one on the table as it will be), and all of it in one transaction. It counts nothing.
SET threads = ${THREADS};
BEGIN;
CREATE TABLE stage AS
SELECT *, CAST(2 AS BIGINT) AS _sluice_load, CAST(2 AS BIGINT) AS _sluice_file
FROM read_csv('${CSV}', header = true, auto_detect = false, delim = ',', quote = '"',
  columns = {'id': 'BIGINT', 'guest': 'VARCHAR', 'item': 'VARCHAR', 'amount': 'DECIMAL(12,2)',
             'day': 'DATE', 'sold_at': 'TIMESTAMP', 'paid': 'BOOLEAN', 'score': 'DOUBLE',
             'op': 'VARCHAR'});
SELECT count(*) - count(id), count(*) - count(guest), count(*) - count(sold_at), count(*) FROM stage;
SELECT count(*) FROM stage WHERE op NOT IN ('keep', 'delete');
DELETE FROM sales USING (SELECT DISTINCT id FROM stage WHERE op = 'delete') g WHERE sales.id = g.id;
SELECT count(*) FROM (SELECT 1 FROM stage WHERE op = 'keep' GROUP BY id HAVING count(*) > 1);
SELECT count(*) FROM sales WHERE id IN (SELECT id FROM stage WHERE op = 'keep');
INSERT INTO sales SELECT * FROM stage WHERE op = 'keep';
DROP TABLE stage;
COMMIT;
CHECKPOINT;
