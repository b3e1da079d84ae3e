-- One person in a hundred is gone.
SET threads = ${THREADS};
DELETE FROM people WHERE id % 100 = 7;
CHECKPOINT;
SELECT 1;
