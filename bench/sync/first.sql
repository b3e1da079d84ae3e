-- The first run by hand: the payload of every row as JSON, its digest and its values stored by key, one line a row
-- written for the destination, and what was tried kept beside it. Nothing is checked, and nobody answers for single rows.
SET threads = ${THREADS};
CREATE MACRO payload(p) AS '{"born":"' || p.born || '","city":"' || p.city || '","email":"' || p.email || '","last_visit":"' ||
  strftime(p.last_visit, '%Y-%m-%dT%H:%M:%SZ') || '","member":' || p.member || ',"name":"' || p.name || '","spent":' || p.spent ||
  ',"visits":' || p.visits || '}';
BEGIN;
CREATE TABLE delivered AS
SELECT CAST(id AS VARCHAR) AS key, lower(email) AS identity, md5_number(payload) AS digest, payload, 'delivered' AS state
FROM (SELECT id, email, payload(p) AS payload FROM people AS p);
CREATE TABLE attempts AS SELECT key, payload AS sent, 'acknowledged' AS state, now() AS at FROM delivered;
COPY (SELECT '{"kind":"upsert","key":"' || key || '","payload":' || payload || '}' FROM delivered ORDER BY key)
  TO '${OUT}' (FORMAT csv, HEADER false, QUOTE '', DELIMITER E'\x01', ESCAPE '');
COMMIT;
CHECKPOINT;
