-- The file of load_10m without its bad rows (good) and with them (bad): nine rows in a thousand are a number
-- that is none, a day that is none, a missing time or a field too many, in turn. The same bytes every time.
CREATE TEMP TABLE lines AS
  SELECT
    hash(range * 19) % 1000 < 9 AS bad,
    concat_ws(',', range, 'guest-' || (hash(range) % 1000003), 'Treatment number ' || (hash(range * 7) % 5000),
      CASE WHEN bad AND range % 4 = 0 THEN 'n/a'
           ELSE CAST(CAST((hash(range * 3) % 1000000) / 100 AS DECIMAL(12, 2)) AS VARCHAR) END,
      CASE WHEN bad AND range % 4 = 1 THEN '2021-02-30'
           ELSE CAST(DATE '2020-01-01' + CAST(hash(range * 5) % 2000 AS INTEGER) AS VARCHAR) END,
      CASE WHEN bad AND range % 4 = 2 THEN 'yesterday'
           ELSE CAST(TIMESTAMP '2020-01-01 00:00:00' + INTERVAL (hash(range * 11) % 100000000) SECOND AS VARCHAR) END,
      hash(range * 13) % 2 = 0, CAST(hash(range * 17) % 1000000 AS DOUBLE) / 1000,
      CASE WHEN bad AND range % 4 = 3 THEN 'one too many' END) AS "id,guest,item,amount,day,sold_at,paid,score"
  FROM range(${ROWS});
COPY (SELECT * EXCLUDE bad FROM lines WHERE NOT bad) TO '${GOOD}' (HEADER, DELIMITER '\t', QUOTE '');
COPY (SELECT * EXCLUDE bad FROM lines) TO '${BAD}' (HEADER, DELIMITER '\t', QUOTE '');
SELECT count(*) FILTER (bad) FROM lines;
