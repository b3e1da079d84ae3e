-- One person in a hundred is gone.
SET threads = ${THREADS};
SET memory_limit = '${MEMORY}';
DELETE FROM people WHERE id % 100 = 7;
CHECKPOINT;
SELECT 1;
