-- A later run by hand: payloads of all rows, compared by digest with those delivered; duplicates of keys and of
-- identities looked for; what differs is written for the destination, and stored as tried and as delivered.
SET threads = ${THREADS};
SET memory_limit = '${MEMORY}';
BEGIN;
CREATE TEMP TABLE now AS
SELECT CAST(id AS VARCHAR) AS key, lower(email) AS identity, md5_number(payload) AS digest, payload
FROM (SELECT id, email, payload(p) AS payload FROM people AS p);
SELECT count(*) FROM (SELECT 1 FROM now GROUP BY key HAVING count(*) > 1);
SELECT count(*) FROM (SELECT 1 FROM now GROUP BY identity HAVING count(*) > 1);
CREATE TEMP TABLE changed AS SELECT n.* FROM now AS n LEFT JOIN delivered AS d USING (key) WHERE d.digest IS DISTINCT FROM n.digest;
CREATE TEMP TABLE gone AS SELECT d.key, d.identity FROM delivered AS d WHERE key NOT IN (SELECT key FROM now);
COPY (SELECT '{"kind":"upsert","key":"' || key || '","payload":' || payload || '}' FROM changed
      UNION ALL SELECT '{"kind":"remove","key":"' || key || '","payload":{"email":"' || identity || '"}}' FROM gone)
  TO '${OUT}' (FORMAT csv, HEADER false, QUOTE '', DELIMITER E'\x01', ESCAPE '');
INSERT INTO attempts SELECT key, payload, 'acknowledged', now() FROM changed
UNION ALL SELECT key, '{"email":"' || identity || '"}', 'acknowledged', now() FROM gone;
DELETE FROM delivered WHERE key IN (SELECT key FROM changed UNION ALL SELECT key FROM gone);
INSERT INTO delivered SELECT *, 'delivered' FROM changed;
COMMIT;
CHECKPOINT;
