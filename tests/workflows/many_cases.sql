-- 20,000 cases of ten processes in four versions each, half of them ended, with all that searches read.
INSERT INTO workflows.definition
    (id, key, version, hash, name, process_id, sources, forms, state, deployed_by, deployed_at)
SELECT md5('d' || n)::uuid, 'process' || (n % 10), n / 10 + 1, 'h', 'n', 'p', '{}', '{}', 'deployed', 'x',
       now()
  FROM generate_series(0, 39) n;
INSERT INTO workflows.case_
    (id, definition_id, product, business_key, state, state_json, root, seq, step_seq, requested_by, started_at,
     ended_at, real_anchor, business_anchor, clock_rate, clock_paused, pause_on, business_now, active_elements,
     incidents, seller_id, buyer_id)
SELECT md5('c' || n)::uuid, md5('d' || n % 40)::uuid, 'process' || (n % 10), 'key-' || md5(n::text),
       CASE WHEN n % 500 = 0 THEN 'incident' WHEN n % 2 = 0 THEN 'waiting' ELSE 'completed' END, '', '', 1, 1, 'x',
       '2026-01-01'::timestamptz + n * interval '1 minute',
       CASE WHEN n % 2 = 1 THEN '2026-01-02'::timestamptz + n * interval '1 minute' END,
       '2026-01-01', '2026-01-01', 1, false, '{}', '2026-01-01', '[]', (n % 500 = 0)::int,
       md5('s' || n % 200)::uuid, md5('b' || n % 300)::uuid
  FROM generate_series(0, 19999) n;
INSERT INTO workflows.variable (case_id, name, number)
SELECT md5('c' || n)::uuid, 'amount', n FROM generate_series(0, 19999) n;
INSERT INTO workflows.variable (case_id, name, number)
SELECT md5('c' || n)::uuid, 'count', n % 5 FROM generate_series(0, 19999) n;
INSERT INTO workflows.variable (case_id, name, text)
SELECT md5('c' || n)::uuid, 'buyer', 'Buyer ' || md5(n::text) FROM generate_series(0, 19999) n;
INSERT INTO workflows.variable (case_id, name, boolean)
SELECT md5('c' || n)::uuid, 'urgent', n % 100 = 0 FROM generate_series(0, 19999) n;
INSERT INTO workflows.variable (case_id, name, moment)
SELECT md5('c' || n)::uuid, 'due', '2026-01-01'::timestamptz + n * interval '1 hour'
  FROM generate_series(0, 19999) n;
INSERT INTO workflows.variable (case_id, name)
SELECT md5('c' || n)::uuid, 'rare' FROM generate_series(0, 19999, 400) n;
INSERT INTO workflows.case_element (case_id, element, active, incidents)
SELECT md5('c' || n)::uuid, 'element' || (n % 100), 1, (n % 500 = 0)::int FROM generate_series(0, 19999, 2) n;
INSERT INTO workflows.incident (id, case_id, kernel_id, element, code, message, state, raised_at)
SELECT md5('i' || n)::uuid, md5('c' || n)::uuid, 'i', 'e', 'code' || n % 1000, 'm', 'open', now()
  FROM generate_series(0, 19999, 500) n;
INSERT INTO workflows.incident (id, case_id, kernel_id, element, code, message, state, raised_at)
SELECT md5('j' || n)::uuid, md5('c' || n)::uuid, 'j', 'e', 'code' || n % 1000, 'm', 'resolved', now()
  FROM generate_series(0, 19999, 2) n;
INSERT INTO workflows.task (id, case_id, kernel_id, element, name, state, candidate_groups, candidate_users,
                            variables, created_at, due)
SELECT md5('t' || n)::uuid, md5('c' || n)::uuid, 't', 'e', 'n', 'open', '{}', '{}', '{}', now(),
       CASE WHEN n % 50 = 0 THEN '2026-05-01'::timestamptz + n * interval '1 hour' END
  FROM generate_series(0, 19999, 2) n;
ANALYZE;
