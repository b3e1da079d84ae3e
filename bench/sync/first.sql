-- The first run by hand: the payload of every row as JSON, its digest and its values stored by key, duplicates of keys
-- and of identities looked for, one line a row written for the destination, and what was tried kept beside it. Nobody
-- answers for single rows.
SET threads = ${THREADS};
SET memory_limit = '${MEMORY}';
CREATE MACRO payload(p) AS '{"born":"' || p.born || '","city":"' || p.city || '","email":"' || p.email || '","last_visit":"' ||
  strftime(p.last_visit, '%Y-%m-%dT%H:%M:%SZ') || '","member":' || p.member || ',"name":"' || p.name || '","spent":' || p.spent ||
  ',"visits":' || p.visits || '}';
BEGIN;
CREATE TABLE delivered AS
SELECT CAST(id AS VARCHAR) AS key, lower(email) AS identity, md5_number(payload) AS digest, payload, 'delivered' AS state
FROM (SELECT id, email, payload(p) AS payload FROM people AS p);
SELECT count(*) FROM (SELECT 1 FROM delivered GROUP BY key HAVING count(*) > 1);
SELECT count(*) FROM (SELECT 1 FROM delivered GROUP BY identity HAVING count(*) > 1);
CREATE TABLE attempts AS SELECT key, payload AS sent, 'acknowledged' AS state, now() AS at FROM delivered;
COPY (SELECT '{"kind":"upsert","key":"' || key || '","payload":' || payload || '}' FROM delivered ORDER BY key)
  TO '${OUT}' (FORMAT csv, HEADER false, QUOTE '', DELIMITER E'\x01', ESCAPE '');
COMMIT;
CHECKPOINT;
