-- ${ROWS} people with eight columns that are sent, as a model would have them.
SET threads = ${THREADS};
SET memory_limit = '${MEMORY}';
CREATE TABLE people AS
SELECT
  range AS id,
  'guest-' || range || '@example.com' AS email,
  'Name ' || (hash(range) % 100003) AS name,
  'City ' || (hash(range * 3) % 5000) AS city,
  CAST(((hash(range * 5) % 1000000) * 10 + 1 + hash(range * 5) % 9) / 100 AS DECIMAL(12, 2)) AS spent,  -- no 0 at its end
  CAST(hash(range * 7) % 400 AS INTEGER) AS visits,
  DATE '2020-01-01' + CAST(hash(range * 11) % 2000 AS INTEGER) AS born,
  TIMESTAMP '2024-01-01 00:00:00' + INTERVAL (hash(range * 13) % 50000000) SECOND AS last_visit,
  (hash(range * 17) % 2) = 0 AS member
FROM range(${ROWS});
CHECKPOINT;
SELECT 1;
