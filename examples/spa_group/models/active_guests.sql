-- Guests with a visit in the last two years, one row for each. A guest whom two pods know counts as
-- the one of the latest visit. Plain SQL that every warehouse understands.
SELECT userid, email, firstname, lastname, city, last_visit, visits
FROM (
  SELECT
    u.userid,
    lower(trim(u.email)) AS email,
    u.firstname,
    u.lastname,
    u.city,
    v.last_visit,
    v.visits,
    row_number() OVER (PARTITION BY u.userid ORDER BY v.last_visit DESC, u._sluice_pod) AS place
  FROM {{ ref('bi_dimuser') }} u
  JOIN (
    SELECT guestid, _sluice_pod, max(starttime) AS last_visit, count(*) AS visits
    FROM {{ ref('bi_factappointment') }}
    WHERE appointmentstatus >= 0
      AND NOT isappointmentvoided
      AND starttime >= TIMESTAMP '2023-06-01 00:00:00'
    GROUP BY guestid, _sluice_pod
  ) v ON v.guestid = u.userid AND v._sluice_pod = u._sluice_pod
  WHERE u.usertypename = 'Guest'
    AND (u.void IS NULL OR NOT u.void)
) ranked
WHERE place = 1
