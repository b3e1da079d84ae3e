-- Whom we may write to: newsletter readers who bought something.
SELECT c.id AS customer_id,
       lower(c.email) AS email,
       c.first_name,
       c.last_name,
       c.city,
       o.orders,
       o.revenue,
       o.last_order
  FROM {{ ref('customers') }} AS c
  JOIN {{ ref('customer_orders') }} AS o ON o.customer_id = c.id
 WHERE c.newsletter AND c.email IS NOT NULL
