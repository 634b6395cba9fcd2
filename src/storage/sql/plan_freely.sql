-- Takes back what reading by indexes has set.
SELECT set_config('enable_seqscan', NULL, true), set_config('enable_bitmapscan', NULL, true),
       set_config('enable_hashjoin', NULL, true), set_config('enable_mergejoin', NULL, true),
       set_config('plan_cache_mode', NULL, true)
