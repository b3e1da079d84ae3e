-- What each customer bought and kept.
SELECT customer_id,
       count(*)        AS orders,
       sum(total)      AS revenue,
       max(ordered_at) AS last_order
  FROM {{ ref('orders') }}
 WHERE status <> 'returned'
 GROUP BY customer_id
