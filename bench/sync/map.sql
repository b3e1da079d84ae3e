-- A field more in the payload of every row.
CREATE OR REPLACE MACRO payload(p) AS '{"born":"' || p.born || '","city":"' || p.city || '","email":"' || p.email || '","last_visit":"' ||
  strftime(p.last_visit, '%Y-%m-%dT%H:%M:%SZ') || '","member":' || p.member || ',"name":"' || p.name || '","spent":' || p.spent ||
  ',"town":"' || p.city || '","visits":' || p.visits || '}';
CHECKPOINT;
SELECT 1;
