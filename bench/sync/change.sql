-- One person in a hundred has other values.
SET threads = ${THREADS};
SET memory_limit = '${MEMORY}';
UPDATE people SET city = 'Moved to ' || city, visits = visits + 1 WHERE id % 100 = 7;
CHECKPOINT;
SELECT 1;
