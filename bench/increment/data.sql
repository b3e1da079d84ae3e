-- A table of ${ROWS} rows (base), and an increment of one in a hundred: nine in ten of its rows are ids
-- that are there, spread over all of them, one in ten is new. For delete-insert each id that is there
-- comes twice: as a deletion, and as the row that takes its place.
COPY (
  SELECT
    range AS id,
    'guest-' || (hash(range) % 1000003) AS guest,
    'Treatment number ' || (hash(range * 7) % 5000) AS item,
    CAST((hash(range * 3) % 1000000) / 100 AS DECIMAL(12, 2)) AS amount,
    DATE '2020-01-01' + CAST(hash(range * 5) % 2000 AS INTEGER) AS day,
    TIMESTAMP '2020-01-01 00:00:00' + INTERVAL (hash(range * 11) % 100000000) SECOND AS sold_at,
    (hash(range * 13) % 2) = 0 AS paid,
    CAST(hash(range * 17) % 1000000 AS DOUBLE) / 1000 AS score,
    'keep' AS op
  FROM range(${ROWS})
) TO '${BASE}' (HEADER, DELIMITER ',');
CREATE TEMP TABLE changed AS
  SELECT
    CASE WHEN range % 10 = 9 THEN ${ROWS} + range ELSE (range * 7919 * 13) % ${ROWS} END AS id,
    'guest-' || (hash(range * 23) % 1000003) AS guest,
    'Treatment number ' || (hash(range * 29) % 5000) AS item,
    CAST((hash(range * 31) % 1000000) / 100 AS DECIMAL(12, 2)) AS amount,
    DATE '2020-01-01' + CAST(hash(range * 37) % 2000 AS INTEGER) AS day,
    TIMESTAMP '2024-01-01 00:00:00' + INTERVAL (hash(range * 41) % 100000000) SECOND AS sold_at,
    (hash(range * 43) % 2) = 0 AS paid,
    CAST(hash(range * 47) % 1000000 AS DOUBLE) / 1000 AS score,
    'keep' AS op
  FROM range(${ROWS} // 100);
COPY changed TO '${UPSERT}' (HEADER, DELIMITER ',');
COPY (
  SELECT * REPLACE ('delete' AS op) FROM changed WHERE id < ${ROWS}
  UNION ALL
  SELECT * FROM changed
) TO '${DELETE_INSERT}' (HEADER, DELIMITER ',');
SELECT 1;
