-- One table of a drop, types given, nothing checked; committed by itself.
CREATE TABLE ${TABLE} AS
SELECT * FROM read_csv('${DATA}/POD1/1/${TABLE}/*/*.csv', header = true, auto_detect = false, delim = ',',
  quote = '"', columns = {'id': 'BIGINT', 'guest': 'VARCHAR', 'item': 'VARCHAR', 'amount': 'DECIMAL(12,2)',
  'day': 'DATE', 'sold_at': 'TIMESTAMP', 'paid': 'BOOLEAN', 'score': 'DOUBLE'});
