-- ${ROWS} rows of which every other has an id that is none: as CSV, or as Parquet with a column of texts.
CREATE TEMP VIEW lines AS
  SELECT
    CASE WHEN range % 2 = 0 THEN '' ELSE 'no. ' END || range AS id,
    'guest-' || (hash(range) % 1000003) AS guest,
    'Treatment number ' || (hash(range * 7) % 5000) AS item,
    CAST((hash(range * 3) % 1000000) / 100 AS DECIMAL(12, 2)) AS amount,
    DATE '2020-01-01' + CAST(hash(range * 5) % 2000 AS INTEGER) AS day,
    TIMESTAMP '2020-01-01 00:00:00' + INTERVAL (hash(range * 11) % 100000000) SECOND AS sold_at,
    (hash(range * 13) % 2) = 0 AS paid,
    CAST(hash(range * 17) % 1000000 AS DOUBLE) / 1000 AS score
  FROM range(${ROWS});
COPY (FROM lines) TO '${FILE}' (${FORMAT});
SELECT 1;
